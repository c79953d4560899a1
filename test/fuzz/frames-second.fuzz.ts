import { fuzzFrames } from './fuzz-frames.js';

fuzzFrames(1);
