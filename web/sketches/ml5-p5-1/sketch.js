// A shape follows what the webcam sees. p5.js 1 (here 1.11) and ml5.js must be on the page.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
// ml5 wants the whole address of a model, from http to model.json.
const address = new URL(`../../models/${model}/model.json`, location.href).href;
const corners = { triangle: 3, square: 4, star: 10, circle: 90 }; // of a class that is no shape: 6
let video;
let classifier;
let label = '';

function preload() {
  classifier = ml5.imageClassifier(address);
}

function setup() {
  createCanvas(640, 640);
  video = createCapture(VIDEO).hide();
  classifier.classifyStart(video, (results) => {
    label = results[0].label; // 'circle', 'square', 'star' or 'triangle'
  });
}

function draw() {
  background('#ff5b1f');
  image(video, 0, 0, 160, 120); // small, in the corner
  translate(width / 2, height / 2 + 30);
  rotate(frameCount / 200);
  noStroke();
  fill('#141413');
  const count = corners[label] ?? 6;
  beginShape();
  for (let corner = 0; corner < count; corner++) {
    const radius = label === 'star' && corner % 2 ? 105 : 230;
    const angle = (TWO_PI * corner) / count - HALF_PI;
    vertex(radius * cos(angle), radius * sin(angle));
  }
  endShape(CLOSE);
}
