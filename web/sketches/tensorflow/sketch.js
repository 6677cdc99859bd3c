// Plain TensorFlow.js runs a model from pytrain. p5.js 2 and TensorFlow.js (tf.min.js) must be on the page.
// graph.json is the fastest form; tf.loadLayersModel opens model.json, which lies beside it.
const address = new URL('../../models/four-shapes/graph.json', location.href).href;
const labels = ['circle', 'square', 'star', 'triangle']; // they stand in the model's metadata.json
let video;
let network;
let label = 'one moment';

async function setup() {
  createCanvas(480, 480);
  video = createCapture(VIDEO);
  video.hide();
  network = await tf.loadGraphModel(address);
  look();
}

async function look() {
  if (video.elt.readyState > 1) {
    const answer = tf.tidy(() => network.execute(toInput(video.elt), 'probabilities'));
    label = labels[(await answer.data()).reduce((best, p, i, all) => (p > all[best] ? i : best), 0)];
    answer.dispose();
  }
  requestAnimationFrame(look);
}

// The centre square, 224 x 224, values from -1 to 1: what every model of pytrain takes.
function toInput(picture) {
  const pixels = tf.browser.fromPixels(picture);
  const [high, wide] = pixels.shape;
  const side = Math.min(high, wide);
  const square = pixels.slice([(high - side) >> 1, (wide - side) >> 1, 0], [side, side, 3]);
  return square.resizeBilinear([224, 224], false, true).div(127.5).sub(1).expandDims();
}

function draw() {
  image(video, 0, 0, width, height, (video.width - video.height) / 2, 0, video.height, video.height);
  textSize(56);
  text(label, 24, height - 24);
}
