// Says what the webcam sees. p5.js 2 and pytrain.js must be on the page.
let video;
let classifier;
let label = 'one moment';
let confidence = 0;

async function setup() {
  createCanvas(480, 480);
  video = createCapture(VIDEO);
  video.hide();
  classifier = await pytrain.imageClassifier('four-shapes');
  classifier.classifyStart(video, gotResults);
}

function gotResults(results) {
  label = results.answer; // 'circle', 'square', 'star', 'triangle', or 'unknown'
  confidence = results[0].confidence;
}

function draw() {
  background(20);
  // The centre square of the picture: just what the model sees.
  const side = min(video.width, video.height);
  const x = (video.width - side) / 2;
  const y = (video.height - side) / 2;
  image(video, 0, 0, width, height, x, y, side, side);

  noStroke();
  fill(255, 91, 31);
  rect(0, height - 84, width * confidence, 84);
  fill(label === 'unknown' ? 255 : 20);
  textSize(56);
  textAlign(LEFT, CENTER);
  text(label, 24, height - 42);
}
