import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Open } from '../access/requires.js';
import { OpenApi } from './open-api.js';
import { Section, Summary } from './summary.js';

/** The only files of the package that are served. */
const assets = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

const page = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Millrace administration</title>
  <link rel="icon" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <div id="ui"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
`;
const startScript = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, tryItOutEnabled: true });\n`;
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** The document, and a page to try it. Everything comes from this server, so that it works without internet. */
@Section('Operations')
@Controller()
export class DocsController {
  constructor(private readonly openApi: OpenApi) {}

  @Get('openapi.json')
  @Open()
  @Summary('This interface as OpenAPI')
  async document(): Promise<object> {
    return this.openApi.document();
  }

  @Get('docs')
  @Open()
  @Summary('A page to try it')
  page(@Res() response: Response): void {
    response.setHeader('Content-Security-Policy', policy);
    response.type('html').send(page);
  }

  @Get('docs/:file')
  @Open()
  @Summary('Parts of the page')
  asset(@Param('file') file: string, @Res() response: Response): void {
    if (file === 'start.js') {
      response.type('js').send(startScript);
      return;
    }
    if (!assets.has(file)) throw new NotFoundException(`There is no /docs/${file}`);
    const ours = createRequire(import.meta.url);
    const folder = dirname(createRequire(ours.resolve('@nestjs/swagger')).resolve('swagger-ui-dist/package.json'));
    response.sendFile(join(folder, file), { maxAge: '1d' });
  }
}
