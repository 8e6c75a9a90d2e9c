// Builds static/dist from assets/ and the Tabler package: one style sheet, one script, the theme script, the icon.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { watch } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "static", "dist");
const apps = "{accounts,cards,checkout,config,kyc,notifications,otp,payments,payouts,reports,sandbox,wallets}";

// What crispy-bootstrap5, django-tables2 and the scripts write into pages without standing in a template of ours.
const alwaysKept = {
  standard: [
    "js", "table", "table-responsive", "asteriskField", "requiredField", "mb-3", "m-0", "fs-6", "row", "col-form-label",
    "visually-hidden", "active", "disabled", "show", "paginator", "pagination", "page-item", "page-link", "orderable", "asc", "desc",
  ],
  deep: [],
  greedy: [/^form-(control|select|check|label|text|hint)/, /^is-(in)?valid$/, /^(in)?valid-feedback$/, /^input-group/, /^alert/, /^btn(-|$)/],
};
const neverUsed = [/^btn-(azure|purple|pink|lime|teal|cyan|orange|yellow|facebook|twitter|google|x|youtube|vimeo|dribbble|github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler|linkedin|muted)/, /^alert-(azure|purple|pink|lime|teal|cyan|orange|yellow|indigo|blue|red|green|important)/];

async function styles() {
  const tabler = await readFile(join(root, "node_modules/@tabler/core/dist/css/tabler.css"), "utf8");
  const ours = await build({
    entryPoints: [join(root, "assets/css/app.css")],
    bundle: true,
    write: false,
    logLevel: "error",
  });
  const own = ours.outputFiles[0].text;
  const [purged] = await new PurgeCSS().purge({
    content: [join(root, "templates/**/*.html"), join(root, apps, "**/*.py"), join(root, "assets/js/*.js")],
    css: [{ raw: tabler }],
    safelist: alwaysKept,
    // Set by scripts and by the widgets of forms, so no page shows them.
    dynamicAttributes: ["data-bs-theme", "type", "disabled", "readonly", "multiple", "size", "aria-disabled", "aria-invalid"],
    blocklist: neverUsed,
    keyframes: true,
  });
  const { code } = await transform(purged.css + own, { loader: "css", minify: true, legalComments: "none" });
  return `/*! Contains parts of Tabler (tabler.io) and Bootstrap (getbootstrap.com), MIT licence */\n${code}`;
}

async function script(name) {
  const { outputFiles } = await build({
    entryPoints: [join(root, "assets/js", name)],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

async function put(name, text) {
  await writeFile(join(dist, name), text);
  console.log(`${name.padEnd(12)} ${text.length} bytes, ${brotliCompressSync(text).length} compressed`);
}

async function buildAll() {
  await mkdir(dist, { recursive: true });
  await Promise.all([
    styles().then((text) => put("app.css", text)),
    script("app.js").then((text) => put("app.js", text)),
    script("theme.js").then((text) => put("theme.js", text)),
    script("viewer.js").then((text) => put("viewer.js", text)),
    script("passkeys.js").then((text) => put("passkeys.js", text)),
    copyFile(join(root, "assets/favicon.svg"), join(dist, "favicon.svg")),
  ]);
}

await buildAll();

if (process.argv.includes("--watch")) {
  let timer;
  for (const folder of ["assets", "templates"]) {
    watch(join(root, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => buildAll().catch(console.error), 200);
    });
  }
}
