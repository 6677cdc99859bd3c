// Rock, paper, scissors against the machine. Any model will do: say which class is which move.
const model = new URLSearchParams(location.search).get('model') ?? 'four-shapes';
const moves = { circle: 'rock', square: 'paper', star: 'scissors', triangle: 'scissors' };
const beats = { rock: 'scissors', paper: 'rock', scissors: 'paper' };
const signs = { rock: '●', paper: '■', scissors: '✖' };
const score = { 'you win': 0, 'I win': 0, 'a draw': 0 };
let beat = 0;
let word = 'ready?';
let [seen, yours, mine] = ['', '', ''];
let video;

async function setup() {
  createCanvas(640, 640);
  textFont('Bricolage Grotesque, sans-serif');
  textWeight(750);
  textAlign(CENTER, CENTER);
  fill('#f2f3f0');
  video = createCapture(VIDEO, { flipped: true }).hide();
  const classifier = await pytrain.imageClassifier(model, { smoothing: 0.4 });
  classifier.classifyStart(video, ([{ label }]) => (seen = moves[label] ?? label));
  setInterval(play, 600);
}

function play() {
  beat = (beat + 1) % 8; // three words, the result, and time to look at it
  if (beat < 4) [word, mine, yours] = [Object.keys(beats)[beat], '', seen];
  if (beat !== 3) return;
  mine = random(Object.keys(beats));
  word = mine === yours ? 'a draw' : beats[yours] === mine ? 'you win' : 'I win';
  score[word]++;
}

function draw() {
  background(word === 'you win' ? '#ff5b1f' : '#141413');
  image(video, 0, 0, 320, 320, 0, 0, video.width, video.height, COVER);
  textSize(220);
  text(signs[mine] ?? '?', 480, 165);
  textSize(104);
  text(`${word}\n${signs[yours] ?? ''} ${score['you win']} : ${score['I win']}`, 320, 480);
}
