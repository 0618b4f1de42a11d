// An action's arguments, read strictly: a field that is unknown or misspelt is refused, not silently dropped.

import { Misfit, type Read, type Reader, record } from '../shape.ts'
import { Problem } from '../wire.ts'

/** A reader of arguments with exactly these fields. It throws Problem `invalid_arguments`. */
export function argumentsOf<F extends Record<string, Reader<unknown>>>(
  fields: F,
): (args: Record<string, unknown>) => { [K in keyof F]: Read<F[K]> } {
  const read = record(fields)
  return (args) => {
    for (const name of Object.keys(args)) {
      if (!Object.hasOwn(fields, name)) {
        throw invalid(
          `there is no argument ${JSON.stringify(name.slice(0, 60))}; there are ${Object.keys(fields).join(', ')}`,
        )
      }
    }
    try {
      return read(args, 'arguments')
    } catch (error) {
      if (error instanceof Misfit) throw invalid(error.message)
      throw error
    }
  }
}

/** The Problem for arguments that do not fit. */
export function invalid(why: string): Problem {
  return new Problem('invalid_arguments', `The arguments do not fit: ${why}.`, 'Correct the named argument.')
}
