import { BadRequestException, Body, Controller, Get, NotFoundException, Param, Put, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ConnectorClasses } from './connector-class.js';
import { checkConfig } from './config-check.js';
import { ConnectorConfig, requireClass } from './connector-spec.js';
import { isOn } from './query-flag.js';
import { hideSecrets, hideUrls } from './secrets.js';

/** What `connector.class` may be, with every option, and validation. */
@Section('Connector plugins')
@Controller('connector-plugins')
export class PluginsController {
  constructor(private readonly classes: ConnectorClasses) {}

  @Get()
  @Requires(['sinks', 'collectors'], 'read')
  @Summary('Sinks and collectors that there are')
  list(): unknown {
    return this.classes.all.map(({ name, kind, version }) => ({ class: name, type: kind, version }));
  }

  @Get(':plugin/config')
  @Requires(['sinks', 'collectors'], 'read')
  @Summary('Every option of a plugin')
  keys(@Param('plugin') plugin: string): unknown {
    const found = this.classes.find(plugin);
    if (found === null) throw new NotFoundException(`Unknown plugin ${plugin}`);
    return found.keys();
  }

  /** The store is asked where the config is right so far; `verified` says whether it was, and if not, why. */
  @Put(':plugin/config/validate')
  @Requires(['sinks', 'collectors'], 'read')
  @Summary('Checks a config, also against its store unless ?verify=false: 200 also with errors, see error_count')
  async validate(
    @Param('plugin') plugin: string,
    @Body({ schema: ConnectorConfig }) config: z.infer<typeof ConnectorConfig>,
    @Query('verify') verify?: string,
  ): Promise<unknown> {
    const named = requireClass(this.classes, config);
    if (this.classes.find(plugin, config) !== named) {
      throw new BadRequestException(
        `Included connector type ${config['connector.class']} does not match request type ${plugin}`,
      );
    }
    const { infos, verified } = await checkConfig(named, config, isOn('verify', verify, true));
    const shown = hideSecrets(named.options, config);
    return {
      ...infos,
      configs: infos.configs.map((info) => {
        const { name, value, errors } = info.value;
        return { ...info, value: { ...info.value, value: shown[name] ?? value, errors: errors.map(hideUrls) } };
      }),
      ...(verified === null ? {} : { verified }),
    };
  }
}
