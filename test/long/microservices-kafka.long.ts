// As test/stores/microservices, which CI runs over our own topics.
import { microservicesTest } from '../stores/microservices.js';

microservicesTest({ topics: 'kafka', port: 25_410 });
