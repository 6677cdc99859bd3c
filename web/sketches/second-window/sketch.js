// Weaves what another window sees into cloth. No camera, no model: it only listens.
const colours = ['#2f55ff', '#ff5b1f', '#ff9ec4', '#ffc629', '#1fa37a', '#f2f3f0'];
const labels = []; // in the order in which they were seen
let message;

function setup() {
  createCanvas(640, 640);
  background('#141413');
  textFont('Bricolage Grotesque, sans-serif', 30);
  textWeight(750);
  noStroke();
  fill('#f2f3f0');
  text('Waiting for a window that sends', 28, 594);
  textSize(88);
  new BroadcastChannel('pytrain').onmessage = gotMessage; // from windows of the same site
  window.onmessage = gotMessage; // from the window that opened this one, of whatever site
}

function gotMessage({ data }) {
  if (data?.type === 'pytrain.results') message = data;
}

// A row of threads: as many of each colour as the model is sure of that class.
function draw() {
  if (!message || frameCount % 5 > 0) return;
  copy(0, 0, 640, 512, 0, 8, 640, 512); // what is woven moves down
  const threads = message.results.flatMap(({ label, confidence }) =>
    Array(round(80 * confidence)).fill(label),
  );
  shuffle(threads).forEach((label, i) => {
    if (!labels.includes(label)) labels.push(label);
    fill(colours[labels.indexOf(label) % colours.length]);
    const over = (i + frameCount / 5) % 2; // or under
    rect(8 * i + over, 1 - over, 8 - 2 * over, 6 + 2 * over);
  });
  fill('#141413');
  rect(0, 520, 640, 120);
  fill('#f2f3f0');
  text(message.answer, 28, 606);
}
