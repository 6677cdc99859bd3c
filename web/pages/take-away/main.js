// The page Take away.

import '../message.js';
