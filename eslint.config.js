import js from "@eslint/js";

// Names that do not exist, unused ones and types are the type checker's part: see tsconfig.json.
export default [
  { ignores: ["**/vendor/", ".venv/"] },
  js.configs.recommended,
  {
    rules: {
      "no-undef": "off",
      "no-unused-vars": "off",
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "object-shorthand": "error",
    },
  },
];
