// Dots drift while the model is unsure. The surer it is, the closer they gather into what it sees.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const signs = { circle: '●', square: '■', star: '★', triangle: '▲' }; // any other: its name
const dots = Array.from({ length: 1800 }, () => [640 * Math.random(), 640 * Math.random()]);
let places = [[320, 320]];
let [seen, sure] = ['', 0];

async function setup() {
  createCanvas(640, 640);
  const video = createCapture(VIDEO).hide();
  const classifier = await pytrain.imageClassifier(model, { smoothing: 0.6 });
  classifier.classifyStart(video, ([{ label, confidence }]) => {
    sure = confidence ** 4;
    if (label !== seen) places = inked(signs[label] ?? label);
    seen = label;
  });
}

function inked(word) {
  const sheet = createGraphics(160, 160); // out of sight
  sheet.pixelDensity(1);
  sheet.textAlign(CENTER, CENTER);
  sheet.textSize(min(200, (12 * 145) / sheet.textWidth(word))); // 12 is what it starts with
  sheet.text(word, 80, 80);
  sheet.loadPixels();
  const found = [...Array(160 * 160).keys()].filter((at) => sheet.pixels[4 * at + 3] > 128);
  return shuffle(found).map((at) => [4 * (at % 160), 4 * floor(at / 160)]);
}

function draw() {
  background(20, 90);
  fill(lerpColor(color('#8f9188'), color('#ff5b1f'), sure));
  dots.forEach(([x, y], i) => {
    const [goalX, goalY] = places[i % places.length];
    const way = 9 * TAU * noise(x / 300, y / 300, frameCount / 400);
    dots[i][0] = lerp(x + cos(way) * 3 * (1 - sure), goalX, sure / 9);
    dots[i][1] = lerp(y + sin(way) * 3 * (1 - sure), goalY, sure / 9);
    square(x, y, 6);
  });
}
