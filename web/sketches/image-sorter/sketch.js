// Drop pictures, or click to choose some: they fly into piles, one for each class.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const cards = [];
let piles = [];
let classifier;

async function setup() {
  const canvas = createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif');
  textWeight(700);
  textAlign(CENTER);
  imageMode(CENTER);
  classifier = await pytrain.imageClassifier(model);
  piles = [...classifier.labels, 'unknown'].map((name) => ({ name, count: 0 }));
  const chooser = createFileInput(gotFile, true).hide();
  canvas.drop(gotFile).mouseClicked(() => chooser.elt.click());
}

async function gotFile({ data }) {
  const card = { picture: await loadImage(data), x: 320, y: -60, goal: [320, 220] };
  cards.push(card);
  const { answer } = await classifier.classify(card.picture);
  const at = piles.findIndex(({ name }) => name === answer);
  const x = ((at + 0.5) * width) / piles.length + random(-7, 7);
  card.goal = [x, 500 - (piles[at].count++ % 16) * 24];
}

function draw() {
  background('#ffc629');
  textSize(88);
  text(cards.length ? '' : 'Drop pictures', 320, 290);
  textSize(22);
  for (const [i, { name }] of piles.entries()) text(name, ((i + 0.5) * width) / piles.length, 606);
  for (const card of cards) {
    card.x = lerp(card.x, card.goal[0], 0.09);
    card.y = lerp(card.y, card.goal[1], 0.09);
    const { width: w, height: h } = card.picture;
    image(card.picture, card.x, card.y, 112, 112, 0, 0, w, h, COVER);
  }
}
