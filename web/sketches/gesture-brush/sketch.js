// Paint with what you hold: where the model looks is the brush, what it sees is the colour.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const colours = ['#2f55ff', '#ff5b1f', '#ff7fb0', '#ffc21a'];
let ink = 'transparent';
let brush = [320, 320];
let goal = brush;

async function setup() {
  createCanvas(640, 640).mouseClicked(() => background('#f2f3f0'));
  background('#f2f3f0');
  strokeWeight(48);
  const video = createCapture(VIDEO).hide();
  const classifier = await pytrain.imageClassifier(model, { heatMap: true });
  classifier.classifyStart(video, (results) => {
    goal = results.heatMap ? warmest(results.heatMap) : [mouseX, mouseY];
    const at = classifier.labels.indexOf(results.answer);
    ink = results.unknown ? 'transparent' : colours[at % 4];
  });
}

// The heat map's centre of mass, mirrored, so that the brush goes where your hand goes.
function warmest({ width: columns, height: rows, values }) {
  let [sum, x, y] = [0, 0, 0];
  values.forEach((value, at) => {
    sum += value ** 3;
    x += value ** 3 * (columns - 0.5 - (at % columns));
    y += value ** 3 * (0.5 + floor(at / columns));
  });
  return [(width * x) / sum / columns, (height * y) / sum / rows];
}

function draw() {
  const [x, y] = brush;
  brush = [lerp(x, goal[0], 0.1), lerp(y, goal[1], 0.1)];
  stroke(ink);
  line(x, y, ...brush);
}
