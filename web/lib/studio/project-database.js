// Where projects are kept: their records, their pictures, and what was worked out of them.

import { Database } from './database.js';

// Metadata apart from the pictures: thousands of it are read at once. Bytes are kept as they are, not as Blobs: some
// browsers keep no Blobs in private windows, and small ones are written several times as fast.
export const projects = new Database('pytrain-projects', 1, (made) => {
  made.createObjectStore('projects', { keyPath: 'name' });
  const images = made.createObjectStore('images', { keyPath: 'id' });
  images.createIndex('project', 'project');
  images.createIndex('removed', 'removed');
  made.createObjectStore('pictures'); // by id
  made.createObjectStore('embeddings'); // by [id, what embedded it]
});

/** All of its stores. */
export const STORES = ['projects', 'images', 'pictures', 'embeddings'];
