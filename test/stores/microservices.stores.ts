import { microservicesTest } from './microservices.js';

microservicesTest({ topics: 'ours', port: 25_400 });
microservicesTest({ topics: 'kafka', port: 25_410 });
