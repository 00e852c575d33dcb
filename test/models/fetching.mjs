// Fetches a hub model as a process of its own, as the command line does, and says how it goes.
import { fetchModel } from '../../dist/models/hub.js';

const onWait = (file) => console.log(`waiting for ${file}`);
console.log(
  await fetchModel(
    'org/model',
    Object.assign(() => {}, { onWait }),
  ),
);
