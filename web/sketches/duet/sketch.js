// Two models at once, one for each half of the picture. When both see the same: snap!
const asked = new URLSearchParams(location.search); // for example ?model=one&second=another
const model = asked.get('model') ?? 'four-shapes';
const players = [];
let video;
let snaps = 0;

async function setup() {
  createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif');
  textWeight(750);
  textAlign(CENTER, CENTER);
  video = createCapture(VIDEO).hide();
  for (const name of [model, asked.get('second') ?? model]) {
    const player = { half: createGraphics(318, 318), answer: 'unknown' };
    players.push(player);
    const classifier = await pytrain.imageClassifier(name, { smoothing: 0.5 });
    classifier.classifyStart(player.half, ({ answer }) => {
      if (answer === player.answer) return;
      player.answer = answer;
      if (same()) snaps++;
    });
  }
}

function same() {
  return players[0].answer === players[1]?.answer && players[0].answer !== 'unknown';
}

function draw() {
  background(same() ? '#ff5b1f' : '#f2f3f0');
  textSize(same() ? 160 : 64);
  const side = video.width / 2;
  players.forEach(({ half, answer }, i) => {
    half.image(video, 0, 0, 318, 318, i * side, (video.height - side) / 2, side, side);
    image(half, i * 322, 0);
    text(same() ? '' : answer, 160 + i * 320, 480);
  });
  text(same() ? `snap ${snaps}` : '', 320, 480);
}
