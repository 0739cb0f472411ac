import tseslint from 'typescript-eslint'
import { arrowsRule } from './scripts/lint/arrows-rule.mjs'

export default tseslint.config(
  { ignores: ['dist/', '**/dist/', 'coverage/', '.cache/', '**/*.gen.ts'] },
  {
    files: ['**/*.{js,mjs,ts}'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { 'azl-vm': { rules: { arrows: arrowsRule } } },
    rules: {
      'azl-vm/arrows': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-control-regex': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      // Numbers in messages are the common case; objects in them are the mistake.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // Code points are what columns and limits count here.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // The port's methods are asynchronous, whether a provider needs to wait or not.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
    },
  },
  {
    // What ends the process or writes past main's streams is in one file each.
    files: ['src/**/*.ts', 'providers/**/*.ts', 'packages/*/src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'exit', message: 'Throw an AzlVmError; main makes the exit code of it.' },
        { object: 'process', property: 'stdout', message: 'Use the stream of the context.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'packages/*/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // What these test is JavaScript: it has to run before anything is installed.
    files: ['test/unit/host-setup/**/*.ts'],
    rules: Object.fromEntries(
      ['assignment', 'call', 'member-access', 'argument', 'return'].map((what) => [
        `@typescript-eslint/no-unsafe-${what}`,
        'off',
      ]),
    ),
  },
  { files: ['eslint.config.js', 'vitest.config.ts'], rules: { 'no-restricted-exports': 'off' } },
)
