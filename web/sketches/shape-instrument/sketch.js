// Every class is a string: the surer the model is, the louder it sounds. Click to hear it.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const waves = ['sine', 'square', 'sawtooth', 'triangle'];
const colours = ['#5b7cff', '#ff5b1f', '#ff9ec4', '#ffc629'];
let strings = [];
let audio;

async function setup() {
  createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif', 34);
  const video = createCapture(VIDEO).hide();
  const classifier = await pytrain.imageClassifier(model, { smoothing: 0.7 });
  strings = classifier.labels.map((label) => ({ label, loud: 0 }));
  classifier.classifyStart(video, (results) => {
    for (const s of strings) s.loud = results.find(({ label }) => label === s.label).confidence;
  });
}

function mouseClicked() {
  if (audio || strings.length === 0) return;
  audio = new AudioContext(); // browsers let a page sound only after a click
  strings.forEach((string, i) => {
    const tone = new OscillatorNode(audio, { type: waves[i % 4], frequency: 110 + 55 * i });
    string.volume = new GainNode(audio, { gain: 0 });
    tone.connect(string.volume).connect(audio.destination);
    tone.start();
  });
}

function draw() {
  background(20);
  strings.forEach(({ label, loud, volume }, i) => {
    volume?.gain.setTargetAtTime(loud / 8, audio.currentTime, 0.05);
    const y = ((i + 0.64) * height) / strings.length;
    const swing = (x) => 2 + 58 * loud * sin((PI * (i + 1) * x) / width) * cos(frameCount / 3);
    fill(colours[i % 4]);
    for (let x = 6; x < width; x += 10) rect(x, y - swing(x), 5, 2 * swing(x));
    text(label, 24, y - 66);
  });
}
