// The service worker of a published site: keeps it, so that it opens without a network; one version at a time, whole.

/**
 * @typedef {object} Site
 * @property {string} version of all files together
 * @property {Record<string, string>} files path in the site: SHA-256 of its content, in base64
 * @property {string[]} first what is kept from the first visit on; the others when they are first needed
 * @property {string[]} teaching what the page Teach will need; kept behind it when that page is opened
 */

/** Filled in by `pytrain publish`. @type {Site} */
const SITE = { version: '', files: {}, first: [], teaching: [] };

const worker = /** @type {any} */ (self);
const root = new URL('./', worker.location.href);

/** Several sites may share an origin, and a library its own caches with them. */
const FAMILY = `pytrain-site ${root.pathname} `;
const CACHE = FAMILY + SITE.version;
const DIGEST = 'X-Pytrain-Digest';
const START = 'index.html';
const TEACH = 'teach.js';

/** For a moment; without an icon of its own, browsers would ask for one that is not there. */
const BLANK = '<!doctype html><link rel="icon" href="data:,"><title></title>';

worker.addEventListener('install', (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (request.method !== 'GET' || path === null) return;
  if (request.mode === 'navigate') event.respondWith(open(request, path));
  else if (Object.hasOwn(SITE.files, path)) event.respondWith(get(path));
});
worker.addEventListener('message', (/** @type {any} */ event) => {
  if (event.data === 'take over') worker.skipWaiting();
  else if (Array.isArray(event.data?.used)) event.waitUntil(keep(event.data.used));
});

/** All of it or nothing: until the new version is whole, the old one stays. */
async function install() {
  const cache = await caches.open(CACHE);
  const older = await Promise.all((await others()).map((name) => caches.open(name)));
  const missing = [...SITE.first];
  // A few at a time: some servers take no more.
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let path = missing.shift(); path !== undefined; path = missing.shift()) {
        await cache.put(addressOf(path), (await fromOlder(older, path)) ?? (await download(path)));
      }
    }),
  );
  // What a visitor had of the rest need not be fetched again either.
  for (const path of Object.keys(SITE.files)) {
    const found = SITE.first.includes(path) ? null : await fromOlder(older, path);
    if (found) await cache.put(addressOf(path), found);
  }
}

async function activate() {
  await Promise.all((await others()).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** The caches of this site's other versions. */
async function others() {
  return (await caches.keys()).filter((name) => name.startsWith(FAMILY) && name !== CACHE);
}

/**
 * @param {Cache[]} caches
 * @param {string} path
 */
async function fromOlder(caches, path) {
  for (const cache of caches) {
    const found = await cache.match(addressOf(path));
    if (found?.headers.get(DIGEST) === SITE.files[path]) return found;
  }
  return null;
}

/**
 * A page.
 * @param {Request} request
 * @param {string} path
 */
async function open(request, path) {
  // A new version waits until no page of the old one is open. This one page is about to be opened anew.
  if (worker.registration.waiting && (await worker.clients.matchAll()).length < 2) {
    worker.registration.waiting.postMessage('take over');
    return new Response(BLANK, { headers: { Refresh: '0', 'Content-Type': 'text/html' } });
  }
  if (Object.hasOwn(SITE.files, path)) return get(path);
  const folder = new URL(request.url);
  if (Object.hasOwn(SITE.files, `${path}/${START}`))
    return Response.redirect(`${folder.pathname}/${folder.search}`);
  return fetch(request);
}

/** @param {string} path */
async function get(path) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(addressOf(path));
  if (found) return found;
  const response = await download(path);
  // A full disk is no reason not to show it.
  await cache.put(addressOf(path), response.clone()).catch(() => {});
  return response;
}

/**
 * Keeps what a page loaded before this worker could see it.
 * @param {string[]} addresses
 */
async function keep(addresses) {
  const cache = await caches.open(CACHE);
  const used = new Set(addresses.map(pathOf));
  for (const path of used.has(TEACH) ? [...used, ...SITE.teaching] : used) {
    if (path === null || !Object.hasOwn(SITE.files, path) || (await cache.match(addressOf(path)))) continue;
    await cache.put(addressOf(path), await download(path)).catch(() => {});
  }
}

/**
 * Gets a file of this version. Web spaces and browsers may still hold an older one; then it is asked for by a name
 * that nobody has kept. A web space that changes files on their way is taken as it is.
 * @param {string} path
 */
async function download(path) {
  const digest = SITE.files[path];
  let response = await fetch(addressOf(path), { cache: 'no-cache' });
  let content = response.ok ? await response.arrayBuffer() : null;
  if (!content || (await digestOf(content)) !== digest) {
    const fresh = await fetch(`${addressOf(path)}?${encodeURIComponent(digest)}`, { cache: 'reload' });
    if (!fresh.ok && !content) throw new Error(`${path}: ${fresh.status}`);
    if (fresh.ok) {
      response = fresh;
      content = await fresh.arrayBuffer();
    }
  }
  const type = response.headers.get('Content-Type') ?? 'application/octet-stream';
  // Made anew, for a page must not come from an answer that was led elsewhere.
  return new Response(content, { headers: { 'Content-Type': type, [DIGEST]: digest } });
}

/** @param {ArrayBuffer} content */
async function digestOf(content) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return btoa(String.fromCharCode(...digest));
}

/**
 * The path of a file in the site, or null for what lies elsewhere.
 * @param {string} address
 */
function pathOf(address) {
  const url = new URL(address);
  if (url.origin !== root.origin || !url.pathname.startsWith(root.pathname)) return null;
  let path;
  try {
    path = decodeURIComponent(url.pathname.slice(root.pathname.length));
  } catch {
    return null;
  }
  return path === '' || path.endsWith('/') ? path + START : path;
}

/** A page goes by its folder: some web spaces lead from its whole name to that. @param {string} path */
function addressOf(path) {
  const short = path === START || path.endsWith(`/${START}`) ? path.slice(0, -START.length) : path;
  return new URL(short.split('/').map(encodeURIComponent).join('/'), root).href;
}
