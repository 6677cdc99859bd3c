// Plain TensorFlow.js runs a model from pytrain. p5.js 2 and TensorFlow.js (tf.min.js) are needed.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const folder = new URL(`../../models/${model}/`, location.href).href;
let video;
let labels;
let network;
let label = 'one moment';

async function setup() {
  createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif', 112);
  textWeight(750);
  video = createCapture(VIDEO, { flipped: true }).hide();
  ({ labels } = await (await fetch(folder + 'metadata.json')).json());
  network = await tf.loadGraphModel(folder + 'graph.json'); // or loadLayersModel of model.json
  look();
}

async function look() {
  if (video.elt.readyState > 1) {
    const answer = tf.tidy(() => network.execute(toInput(video.elt), 'probabilities').argMax(-1));
    label = labels[(await answer.data())[0]];
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
  image(video, 0, 0, width, height, 0, 0, video.width, video.height, COVER);
  text(label, 28, height - 45);
}
