// A shape follows what the webcam sees. p5.js 1 (here 1.11) and ml5.js must be on the page.
// ml5 wants the whole address of a model, from http to model.json.
const address = new URL('../../models/four-shapes/model.json', location.href).href;
let video;
let classifier;
let label = 'one moment';

function preload() {
  classifier = ml5.imageClassifier(address);
}

function setup() {
  createCanvas(480, 480);
  video = createCapture(VIDEO);
  video.hide();
  classifier.classifyStart(video, gotResults);
}

function gotResults(results) {
  label = results[0].label; // 'circle', 'square', 'star' or 'triangle'
}

function draw() {
  background(20);
  image(video, 16, 16, 160, 120); // small, in the corner
  translate(width / 2, height / 2 + 70);
  noStroke();
  fill(255, 91, 31);
  const corners = { triangle: 3, square: 4, star: 10, circle: 90 }[label] ?? 0;
  beginShape();
  for (let corner = 0; corner < corners; corner++) {
    const angle = (TWO_PI * corner) / corners - (label === 'square' ? QUARTER_PI : HALF_PI);
    const radius = label === 'star' && corner % 2 ? 65 : 150;
    vertex(radius * cos(angle), radius * sin(angle));
  }
  endShape(CLOSE);
}
