// Prints the gzip size of what the start page loads until its first prediction: node benchmarks/page_size.mjs

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** The page's own JavaScript may be this large, gzip, without p5 and the wasm binary. */
const LIMIT_KB = 300;

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'web', 'dist');

const scripts = ['theme.js', 'play.js', 'engine-wasm.js'];
const others = [
  'index.html',
  'style.css',
  'icon.svg',
  'fonts/bricolage-grotesque.woff2',
  'tfjs-backend-wasm-simd.wasm',
];
const later = ['engine-webgl.js', 'engine-webgpu.js', 'pytrain.js', 'vendor/p5.min.js'];

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
const sum = await table("The page's own JavaScript before the first prediction", scripts);
console.log(`${sum.toFixed(1).padStart(9)} KB  together, of ${LIMIT_KB} KB allowed`);
await table('Other files before the first prediction', others);
await table('Loaded later, or only by sketches', later);
process.exitCode = sum > LIMIT_KB ? 1 : 0;
