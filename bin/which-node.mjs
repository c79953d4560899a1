// Prints the path of the Node that runs the product, for `npm start`; one sentence and exit 1 where there is none.
import { bundledNode, nodeMissing } from './node-path.mjs';

const node = bundledNode();
if (node === null) {
  console.error(nodeMissing);
  process.exit(1);
}
console.log(node);
