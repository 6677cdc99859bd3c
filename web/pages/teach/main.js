// The page Teach.

import '../message.js';
