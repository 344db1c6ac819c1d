// A browser on a string: reads commands as JSON lines, answers each with a JSON line.
//
//   {"do": "open", "url": …, "width": …, "height": …, "scheme": "dark"}   another window, the same browser
//   {"do": "eval", "script": "document.title"}          {"do": "fill" | "click" | "press" | "shoot", …}
//   {"do": "faults"}                                    what the console, pages and requests complained of
//
// An answer is {"value": …} or {"error": "…"}.
import {createInterface} from "node:readline";
import {chromium} from "playwright-core";

const root = process.getuid() === 0;  // Chromium's sandbox is not for root
const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: ["--disable-gpu", "--disable-dev-shm-usage", ...(root ? ["--no-sandbox"] : [])],
});
const patience = 1000 * Number(process.argv[3]);
let context = null;
let page = null;
let faults = [];

async function open({url, width = 1280, height = 900, scheme = "light", scale = 1}) {
  await context?.close();
  context = await browser.newContext({
    viewport: {width, height}, colorScheme: scheme, deviceScaleFactor: scale, reducedMotion: "reduce",
  });
  context.setDefaultTimeout(patience);
  page = await context.newPage();
  faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`another host: ${request.url()}`);
  });
  await page.goto(url, {waitUntil: "load"});
}

const deeds = {
  open,
  eval: ({script}) => page.evaluate(script),
  fill: ({selector, text}) => page.fill(selector, text),
  click: ({selector}) => page.click(selector),
  press: ({key}) => page.keyboard.press(key),
  shoot: ({path, whole = false}) => page.screenshot({path, fullPage: whole, animations: "disabled"}),
  faults: () => faults,
};

for await (const line of createInterface({input: process.stdin})) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = {value: (await deeds[command.do](command)) ?? null};
  } catch (error) {
    answer = {error: error.message};
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
