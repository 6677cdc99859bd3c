// Teachable Machine's own library runs a model from pytrain.
// p5.js 2, TensorFlow.js (tf.min.js) and teachablemachine-image.min.js must be on the page.
const folder = new URL('../../models/four-shapes/', location.href).href;
let video;
let classifier;
let predictions = [];
let label = 'one moment';

async function setup() {
  createCanvas(480, 480);
  video = createCapture(VIDEO);
  video.hide();
  classifier = await tmImage.load(folder + 'model.json', folder + 'metadata.json');
  look();
}

async function look() {
  if (video.elt.readyState > 1) {
    predictions = await classifier.predict(video.elt); // [{ className, probability }, ...]
    label = predictions.reduce((a, b) => (b.probability > a.probability ? b : a)).className;
  }
  requestAnimationFrame(look);
}

function draw() {
  background(20);
  image(video, 80, 0, 320, 240);
  noStroke();
  textSize(32);
  textAlign(LEFT, CENTER);
  predictions.forEach(({ className, probability }, i) => {
    fill(255, 91, 31);
    rect(180, 268 + i * 54, 280 * probability, 32);
    fill(255);
    text(className, 24, 284 + i * 54);
  });
}
