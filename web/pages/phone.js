// The way to the QR code that lets a phone in, on the machine whose server was started with --share.

import { byId } from './dom.js';

/** @param {unknown} shared whether the server shares */
export function offerPhone(shared) {
  byId('phone').hidden = !shared;
}
