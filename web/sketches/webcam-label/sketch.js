// Says what the webcam sees. p5.js 2 and pytrain.js must be on the page.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
let video;
let label = 'one moment';
let confidence = 0;
let bar = 0;

async function setup() {
  createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif', 112);
  textWeight(750);
  video = createCapture(VIDEO, { flipped: true }); // a mirror for you; the model sees it as it is
  video.hide();
  const classifier = await pytrain.imageClassifier(model, { smoothing: 0.5 });
  classifier.classifyStart(video, gotResults);
}

function gotResults(results) {
  label = results.answer; // 'circle', 'square', 'star', 'triangle', or 'unknown'
  confidence = results[0].confidence;
}

function draw() {
  background(20);
  // The centre square of the picture: just what the model sees.
  image(video, 0, 0, width, height, 0, 0, video.width, video.height, COVER);

  bar = lerp(bar, label === 'unknown' ? 0 : width * confidence, 0.2);
  noStroke();
  fill(20);
  rect(0, height - 150, width, 150);
  fill(255, 91, 31);
  rect(0, height - 150, bar, 150);
  fill(bar > width / 2 ? 20 : 242);
  textAlign(LEFT, BASELINE);
  text(label, 28, height - 45);
}
