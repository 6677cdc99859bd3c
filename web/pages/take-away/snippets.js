// Code that runs when it is pasted, for every way to use a model. Each is whole: a page, or a program.

/**
 * @typedef {object} Target
 * @property {string} name of the model
 * @property {string} root where this page's own files lie, ending in a slash: library, vendor/, models/
 * @property {boolean} own the model is in this browser alone; its files will lie in a folder beside the page
 * @property {readonly string[]} labels
 */

/**
 * @typedef {object} Way
 * @property {string} id
 * @property {string} title
 * @property {string} lead one line: for whom
 * @property {string} needs one line: what it takes
 * @property {string} file what to save it as
 * @property {boolean} layers it opens model.json, which not every model has
 * @property {boolean} keras it opens model.keras, which models from Python have
 * @property {(target: Target) => string} code
 */

/** A text as JavaScript and, within quotes, Python write it; safe within a page's script. @param {string} text */
const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('<', '\\x3c')}'`;

/** What pytrain.js takes for the model. @param {Target} target */
const model = ({ name, own }) => quoted(own ? `./${encodeURIComponent(name)}/` : name);

/** The address of a file of the model, as JavaScript. @param {Target} target @param {string} file */
function address({ name, own, root }, file) {
  if (!own) return quoted(`${root}models/${encodeURIComponent(name)}/${file}`);
  return `new URL(${quoted(`./${encodeURIComponent(name)}/${file}`)}, location.href).href`;
}

/** The classes, for a comment. @param {readonly string[]} labels @param {string[]} [more] */
function oneOf(labels, more = []) {
  const some = [...labels.slice(0, 5), ...(labels.length > 5 ? ['…'] : []), ...more].map((label) =>
    label.replace(/[\r\n<]/g, ' '),
  );
  return `${some.slice(0, -1).join(', ')} or ${some.at(-1)}`;
}

/**
 * @param {string[]} scripts addresses
 * @param {string} script
 * @param {string} [body]
 */
function page(scripts, script, body = '<main></main>') {
  const tags = scripts.map((src) => `    <script src="${src}"></script>\n`).join('');
  const indented = script.replace(/^(?=.)/gm, '      ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>My model</title>
${tags}  </head>
  <body>
    ${body}
    <script>
${indented}    </script>
  </body>
</html>
`;
}

/** @type {Way[]} */
export const WAYS = [
  {
    id: 'p5',
    title: 'p5.js',
    lead: 'A sketch with p5.js 2',
    needs: 'p5.js 2 and pytrain.js, which it loads.',
    file: 'index.html',
    layers: false,
    keras: false,
    code: (target) =>
      page(
        [`${target.root}vendor/p5.min.js`, `${target.root}pytrain.js`],
        `let video;
let label = 'one moment';

async function setup() {
  createCanvas(640, 480);
  video = createCapture(VIDEO);
  video.hide();
  const classifier = await pytrain.imageClassifier(${model(target)});
  classifier.classifyStart(video, (results) => {
    label = results.answer; // ${oneOf(target.labels, ['unknown'])}
  });
}

function draw() {
  image(video, 0, 0, width, height);
  fill(255, 91, 31);
  textSize(72);
  text(label, 24, height - 32);
}
`,
      ),
  },
  {
    id: 'ml5',
    title: 'ml5.js',
    lead: 'A sketch with p5.js 2 and ml5.js',
    needs: 'p5.js 2 and ml5.js 1.4, which it loads. ml5.js has no answer “unknown”.',
    file: 'index.html',
    layers: true,
    keras: false,
    code: (target) =>
      page(
        [`${target.root}vendor/p5.min.js`, `${target.root}vendor/ml5.min.js`],
        `// ml5 wants the whole address of a model, from http to model.json.
const address = ${address(target, 'model.json')};
let video;
let label = 'one moment';

async function setup() {
  createCanvas(640, 480);
  video = createCapture(VIDEO);
  video.hide();
  const classifier = await ml5.imageClassifier(address);
  classifier.classifyStart(video, (results) => {
    label = results[0].label; // ${oneOf(target.labels)}
  });
}

function draw() {
  image(video, 0, 0, width, height);
  fill(255, 91, 31);
  textSize(72);
  text(label, 24, height - 32);
}
`,
      ),
  },
  {
    id: 'teachable-machine',
    title: 'Teachable Machine',
    lead: 'A page made for their library',
    needs:
      '@teachablemachine/image 0.8.5 and TensorFlow.js, which it loads. That library has no answer “unknown”.',
    file: 'index.html',
    layers: true,
    keras: false,
    code: (target) =>
      page(
        [`${target.root}vendor/tf.min.js`, `${target.root}vendor/teachablemachine-image.min.js`],
        `const modelURL = ${address(target, 'model.json')};
const metadataURL = ${address(target, 'metadata.json')};

async function start() {
  const model = await tmImage.load(modelURL, metadataURL);
  const webcam = new tmImage.Webcam(400, 400, true); // width, height, mirrored
  await webcam.setup();
  await webcam.play();
  document.body.prepend(webcam.canvas);
  for (;;) {
    webcam.update();
    const predictions = await model.predict(webcam.canvas);
    const best = predictions.reduce((a, b) => (b.probability > a.probability ? b : a));
    document.querySelector('#answer').textContent = best.className; // ${oneOf(target.labels)}
    await new Promise(requestAnimationFrame);
  }
}

start();
`,
        '<p id="answer"></p>',
      ),
  },
  {
    id: 'javascript',
    title: 'JavaScript',
    lead: 'A page without any framework',
    needs: 'pytrain.js, which it loads.',
    file: 'index.html',
    layers: false,
    keras: false,
    code: (target) =>
      page(
        [`${target.root}pytrain.js`],
        `const video = document.querySelector('#video');

async function start() {
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  const classifier = await pytrain.imageClassifier(${model(target)});
  classifier.classifyStart(video, (results) => {
    const sure = (100 * results[0].confidence).toFixed(0);
    document.querySelector('#answer').textContent = results.unknown
      ? 'unknown'
      : \`\${results.answer}, \${sure} %\`; // ${oneOf(target.labels)}
  });
}

start();
`,
        `<video id="video" autoplay muted playsinline width="400"></video>
    <p id="answer"></p>`,
      ),
  },
  {
    id: 'python',
    title: 'Python',
    lead: 'A program with pytrain',
    needs: 'pytrain, a photo.jpg, and the model in exported_models below the folder in which it is started.',
    file: 'predict.py',
    layers: false,
    keras: true,
    code: ({ name }) => `import pytrain

for prediction in pytrain.predict(${quoted(`exported_models/${name}`)}, "photo.jpg"):
    print(prediction.path, prediction.answer)
    for guess in prediction.guesses:
        print(f"{guess.label}: {guess.confidence:.1%}")
`,
  },
  {
    id: 'keras',
    title: 'Keras',
    lead: 'A program without pytrain',
    needs:
      'keras, tensorflow and pillow, a photo.jpg, and the model in exported_models below the folder in which it is started.',
    file: 'predict.py',
    layers: false,
    keras: true,
    code: ({ name }) => `import json
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageOps

folder = Path(${quoted(`exported_models/${name}`)})
model = keras.saving.load_model(folder / "model.keras")
labels = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))["labels"]

# The centre square, 224 x 224, values from -1 to 1: what every model of pytrain takes.
photo = ImageOps.exif_transpose(Image.open("photo.jpg")).convert("RGB")
side = min(photo.size)
left, top = (photo.width - side) // 2, (photo.height - side) // 2
square = np.asarray(photo.crop((left, top, left + side, top + side)), dtype="float32")
small = keras.ops.image.resize(square[None], (224, 224), interpolation="bilinear")
outputs = model.predict(small / 127.5 - 1, verbose=0)
probabilities = outputs["probabilities"] if isinstance(outputs, dict) else outputs

for label, probability in sorted(zip(labels, probabilities[0]), key=lambda pair: -pair[1]):
    print(f"{label}: {probability:.1%}")
`,
  },
];

/** The command that makes a site of a model. @param {string} name */
export function publishCommand(name) {
  const word = /^[\w.-]+$/.test(name) ? name : `"${name}"`;
  return `pytrain publish ${word} --out site

# Look at it:
python -m http.server --directory site`;
}
