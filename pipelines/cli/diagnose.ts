import type { Command } from 'commander';
import { diagnoseFiles } from '../diagnose/diagnose.ts';
import type { DiagnoseOptions } from '../diagnose/diagnose-options.ts';
import { SAMPLE_FORMATS } from '../files/files.ts';

/** Adds `andon diagnose`: what one waveform says about its machine. */
export function registerDiagnose(command: Command): void {
  command
    .argument('<file...>')
    .option('--rate <Hz>', 'samples per second; a WAV file says it itself')
    .option('--rpm <n>', 'shaft speed; without it the spectrum is asked')
    .option('--bearing <name>', 'geometry by designation, such as 6205-2RS')
    .option('--balls <n>', 'geometry: number of rolling elements')
    .option('--ball-diameter <length>', 'mm, or with a unit: 0.3126in')
    .option('--pitch-diameter <length>', 'mm, or with a unit')
    .option('--contact-angle <degrees>', 'of the rolling elements', '0')
    .option('--bpfo <order>', "the maker's multiples of the speed instead: outer race")
    .option('--bpfi <order>', 'inner race; two of them, or one and --balls, are enough')
    .option('--ftf <order>', 'cage')
    .option('--bsf <order>', 'spin of a rolling element')
    .option('--unit <unit>', 'of the samples: g, m/s2, mm/s, um …; a csv file may say it (g)')
    .option('--group <n>', 'of ISO 20816-3: 1 (above 300 kW) or 2; 2 without it')
    .option('--support <kind>', 'rigid or flexible; rigid without it')
    .option('--line-frequency <Hz>', 'of the motor: 50, 60, or none; both without it')
    .option('--format <format>', `${SAMPLE_FORMATS.join(', ')}; by the file name without it`)
    .option('--scale <n>', 'unit per count of i16, per full scale of wav', '1')
    .option('--column <names>', 'of a csv file, by name or from 1; all: one diagnosis of several')
    .option('--channel <names>', 'the same of other files')
    .option('--json', 'one JSON object per file, one per line')
    .option(
      '--plot <file>',
      'draw waveform, spectrum and envelope spectrum as SVG; of several files their trend',
    )
    .action((files: readonly string[], options: DiagnoseOptions) => diagnoseFiles(files, options));
}
