// Prints the gzip size of what the start page loads until its first prediction: node benchmarks/page_size.mjs

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** The scripts for a prediction from graph.json may be this large, gzip, on any one backend. */
const LIMIT_KB = 250;

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'web', 'dist');

const page = ['theme.js', 'play.js'];
const backends = ['wasm', 'webgl', 'webgpu', 'cpu'];
const others = [
  'index.html',
  'style.css',
  'icon.svg',
  'fonts/bricolage-grotesque.woff2',
  'tfjs-backend-wasm-simd.wasm',
];
const sketches = [
  'pytrain.js',
  ...['p5', 'p5-1', 'ml5', 'tf', 'teachablemachine-image'].map((name) => `vendor/${name}.min.js`),
];

/** @param {string} file */
async function kilobytes(file) {
  const bytes = await readFile(join(dist, file));
  return gzipSync(bytes, { level: 9 }).length / 1000;
}

/**
 * @param {string} title
 * @param {string[]} files
 */
async function table(title, files) {
  console.log(`\n${title}`);
  let sum = 0;
  for (const file of files) {
    const size = await kilobytes(file);
    sum += size;
    console.log(`${size.toFixed(1).padStart(9)} KB  ${file}`);
  }
  return sum;
}

console.log('gzip -9, 1 KB = 1000 bytes');
const own = await table("The page's own scripts", page);
let largest = 0;
console.log(`\nAll scripts for a prediction, at most ${LIMIT_KB} KB from graph.json`);
for (const backend of backends) {
  const graph = own + (await kilobytes(`engine-${backend}.js`));
  const layers = own + (await kilobytes(`engine-${backend}-layers.js`));
  largest = Math.max(largest, graph);
  console.log(
    `${graph.toFixed(1).padStart(9)} KB  ${backend.padEnd(6)}  (from model.json ${layers.toFixed(1)} KB)`,
  );
}
await table('Other files before the first prediction', others);
await table('Loaded only by sketches', sketches);
process.exitCode = largest > LIMIT_KB ? 1 : 0;
