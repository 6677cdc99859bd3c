// The page Look inside.

import '../message.js';
