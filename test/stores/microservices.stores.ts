import { microservicesTest } from './microservices.js';

microservicesTest({ topics: 'ours', port: 25_400 });
