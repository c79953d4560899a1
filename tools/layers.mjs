// Which room may import which: imports only go down. `npm run check` holds the code to it.
export const levels = {
  std: 0,
  config: 1,
  net: 1,
  wire: 1,
  security: 1,
  log: 2,
  topics: 2,
  control: 2,
  morphlines: 2,
  catalog: 3,
  pipeline: 3,
  broker: 3,
  server: 4,
  connectors: 4,
  jobs: 5,
  nest: 5,
};

/** These apps know topics by an address only, so that a real Kafka can stand in for our topic service. */
export const appsOverTopics = ['collector', 'sink-worker', 'admin', 'cli'];
export const roomsBehindTopics = ['log', 'catalog', 'broker', 'server'];
