// ml5.js says what the webcam sees, with a model from pytrain. p5.js 2 and ml5.js must be on the page.
// ml5 wants the whole address of a model, from http to model.json.
const address = new URL('../../models/four-shapes/model.json', location.href).href;
let video;
let classifier;
let label = 'one moment';
let confidence = 0;

async function setup() {
  createCanvas(480, 360);
  video = createCapture(VIDEO);
  video.hide();
  classifier = await ml5.imageClassifier(address);
  classifier.classifyStart(video, gotResults);
}

function gotResults(results) {
  label = results[0].label; // 'circle', 'square', 'star' or 'triangle'
  confidence = results[0].confidence;
}

function draw() {
  background(20);
  image(video, 0, 0, width, height);

  noStroke();
  fill(255, 91, 31);
  rect(0, height - 72, width * confidence, 72);
  fill(20);
  textSize(48);
  textAlign(LEFT, CENTER);
  text(label, 24, height - 36);
}
