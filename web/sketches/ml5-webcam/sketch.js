// ml5.js says what the webcam sees, with a model from pytrain. p5.js 2 and ml5.js must be there.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
// ml5 wants the whole address of a model, from http to model.json.
const address = new URL(`../../models/${model}/model.json`, location.href).href;
let video;
let label = 'one moment';
let confidence = 0;

async function setup() {
  createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif', 112);
  textWeight(750);
  video = createCapture(VIDEO, { flipped: true }).hide();
  const classifier = await ml5.imageClassifier(address);
  classifier.classifyStart(video, gotResults);
}

function gotResults(results) {
  label = results[0].label; // 'circle', 'square', 'star' or 'triangle'
  confidence = results[0].confidence;
}

function draw() {
  background('#141413');
  image(video, 0, 0, 640, 490, 0, 0, video.width, video.height, COVER);
  noStroke();
  fill('#ff5b1f');
  rect(0, 490, width * confidence, 150);
  fill(confidence > 0.5 ? '#141413' : '#f2f3f0');
  text(label, 28, 595);
}
