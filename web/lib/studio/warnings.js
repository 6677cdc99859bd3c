// What may spoil a project's model, seen in its pictures before anything is learned: too few, unbalanced, too alike.

import { UNKNOWN } from './names.js';

/** Below so many pictures to learn from, a class is told badly. */
const FEW = 10;

/** The largest class may have so many times the pictures of the smallest. */
const UNBALANCED = 4;

/** Pictures of each class that are compared with one another. */
const SAMPLE = 60;

/** Shades of grey (mean of the differences, of 255) up to which two pictures are as good as the same: a camera's own
 * noise, and JPEG's, stay below it in pictures so small. */
const SAME = 1.6;

/** No spot may differ by more: a finger that is put up changes little of the whole, and much where it is. */
const SAME_SPOT = 20;

/** Share of a class's pictures that must have their like for a warning. */
const SHARE = 0.5;

/**
 * @typedef {object} Warning
 * @property {'one-class' | 'empty' | 'few' | 'unbalanced' | 'alike'} kind
 * @property {string} text
 * @property {string} [classId] the class that it is about
 * @property {string} [otherId] the other class, where two are alike
 */

/**
 * @typedef {object} ClassOfPictures
 * @property {string} id
 * @property {string} name
 * @property {number} heldOut
 * @property {readonly {look?: Uint8Array}[]} shots
 */

/**
 * @param {readonly ClassOfPictures[]} classes
 * @returns {Warning[]}
 */
export function warningsOf(classes) {
  const filled = classes.filter(({ shots }) => shots.length > 0);
  return [
    ...tooFewClasses(classes, filled),
    ...filled.flatMap(tooFew),
    ...unbalanced(filled),
    ...tooAlike(filled),
  ];
}

/**
 * @param {readonly ClassOfPictures[]} classes
 * @param {readonly ClassOfPictures[]} filled
 * @returns {Warning[]}
 */
function tooFewClasses(classes, filled) {
  const known = filled.filter(({ name }) => name !== UNKNOWN);
  if (known.length < 2) {
    const text =
      known.length === 1
        ? `Only ${known[0].name} has pictures. Something to tell it from is needed: a second class.`
        : 'No class has pictures yet. At least two are needed.';
    return [{ kind: 'one-class', text }];
  }
  return classes
    .filter(({ shots }) => shots.length === 0)
    .map(({ id, name }) => ({
      kind: 'empty',
      classId: id,
      text: `${name} has no pictures and is left out.`,
    }));
}

/**
 * @param {ClassOfPictures} one
 * @returns {Warning[]}
 */
function tooFew({ id, name, shots, heldOut }) {
  const learned = shots.length - heldOut;
  if (learned >= FEW) return [];
  const pictures = shots.length === 1 ? '1 picture' : `${shots.length} pictures`;
  return [{ kind: 'few', classId: id, text: `${name} has ${pictures}. Record more: 30 or so do well.` }];
}

/**
 * @param {readonly ClassOfPictures[]} classes
 * @returns {Warning[]}
 */
function unbalanced(classes) {
  if (classes.length < 2) return [];
  const sorted = [...classes].sort((a, b) => a.shots.length - b.shots.length);
  const [least, most] = [sorted[0], sorted[sorted.length - 1]];
  if (most.shots.length <= UNBALANCED * least.shots.length) return [];
  const text = `${most.name} has ${most.shots.length} pictures, ${least.name} ${least.shots.length}. Give ${least.name} more.`;
  return [{ kind: 'unbalanced', classId: least.id, otherId: most.id, text }];
}

/**
 * @param {readonly ClassOfPictures[]} classes
 * @returns {Warning[]}
 */
function tooAlike(classes) {
  const samples = classes.map(({ shots }) => sampleOf(shots));
  /** @type {Warning[]} */
  const found = [];
  for (const [at, { id, name }] of classes.entries()) {
    if (samples[at].length >= FEW && shareWithLike(samples[at], samples[at].slice(0, 1)) > 1 - 1 / FEW) {
      const text = `All pictures of ${name} are nearly the same. Move, turn and change the distance while you record.`;
      found.push({ kind: 'alike', classId: id, text });
    }
    for (let other = 0; other < at; other++) {
      const [a, b] = [samples[at], samples[other]];
      if (Math.max(shareWithLike(a, b), shareWithLike(b, a)) < SHARE) continue;
      const text = `${classes[other].name} and ${name} have the same pictures, so nothing can tell them apart.`;
      found.push({ kind: 'alike', classId: id, otherId: classes[other].id, text });
    }
  }
  return found;
}

/**
 * @param {readonly {look?: Uint8Array}[]} shots
 * @returns {Uint8Array[]} of pictures spread over all
 */
function sampleOf(shots) {
  const step = Math.max(1, shots.length / SAMPLE);
  const looks = [];
  for (let at = 0; at < shots.length; at += step) {
    const { look } = shots[Math.floor(at)];
    if (look) looks.push(look);
  }
  return looks;
}

/**
 * @param {readonly Uint8Array[]} looks
 * @param {readonly Uint8Array[]} others
 * @returns {number} share of the first that have their like among the second
 */
function shareWithLike(looks, others) {
  if (looks.length === 0) return 0;
  return looks.filter((look) => others.some((other) => isSame(look, other))).length / looks.length;
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
function isSame(a, b) {
  const most = SAME * a.length;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    sum += difference;
    if (difference > SAME_SPOT || sum > most) return false;
  }
  return true;
}
