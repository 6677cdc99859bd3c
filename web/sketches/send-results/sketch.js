// Tells other windows what the webcam sees. Click to open one that listens: the second window.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const listener = new URL('../second-window/', location.href).href;
const channel = new BroadcastChannel('pytrain'); // reaches all windows of the same site
let second; // the window that was opened, of whatever site it is
let [answer, sent] = ['one moment', 0];
let video;

async function setup() {
  createCanvas(640, 640).mouseClicked(() => {
    second = open(listener, 'second', 'width=680,height=840');
  });
  textFont('Bricolage Grotesque, sans-serif', 96);
  textWeight(750);
  textAlign(CENTER);
  strokeWeight(16);
  video = createCapture(VIDEO, { flipped: true }).hide();
  const classifier = await pytrain.imageClassifier(model, { smoothing: 0.5 });
  classifier.classifyStart(video, (results) => {
    answer = results.answer;
    const all = { type: 'pytrain.results', model, answer, results: [...results], time: Date.now() };
    channel.postMessage(all);
    second?.postMessage(all, '*');
    sent++;
  });
}

function draw() {
  background('#ff5b1f');
  fill('#ff5b1f');
  stroke('#141413');
  for (let ring = 8; ring > 0; ring--) circle(320, 270, 220 + 90 * ring + ((3 * sent) % 90));
  fill('#141413');
  stroke('#ff5b1f');
  text(answer, 320, 596);
  push();
  clip(() => circle(320, 270, 300));
  image(video, 170, 120, 300, 300, 0, 0, video.width, video.height, COVER);
  pop();
}
