// Teachable Machine's own library runs a model from pytrain.
// p5.js 2, TensorFlow.js (tf.min.js) and teachablemachine-image.min.js must be on the page.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const folder = new URL(`../../models/${model}/`, location.href).href;
const colours = ['#2f55ff', '#ff5b1f', '#ff9ec4', '#ffc629'];
let video;
let classifier;
let predictions = [];
let label = 'one moment';

async function setup() {
  createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif', 44);
  textWeight(700);
  video = createCapture(VIDEO, { flipped: true }).hide();
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
  background('#f2f3f0');
  image(video, 0, 0, 640, 320, 0, 0, video.width, video.height, COVER);
  const high = 320 / predictions.length;
  predictions.forEach(({ className, probability }, i) => {
    fill(colours[i % 4]);
    rect(0, 320 + i * high, width * probability, high);
    fill('#141413');
    text(className, 24, 335 + (i + 0.5) * high);
  });
}
