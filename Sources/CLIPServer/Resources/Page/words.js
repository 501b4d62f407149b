// All that the page says, in English and Chinese, and how it writes numbers and dates.

import { kept } from "./dom.js";

const table = {
  en: {
    title: "Picture search",
    search: "Search",
    placeholder: "Describe a picture",
    clear: "Clear the search",
    choosePicture: "Search by a picture",
    dropHere: "Drop a picture to search with it",
    theme: "Dark theme",
    language: "中文",
    skip: "Skip to the pictures",
    heroSome: "Find any of {count} pictures by what it shows",
    heroOne: "Find your picture by what it shows",
    heroHint: "Write what you see. Drop or paste a picture to find others like it.",
    tryThese: "Try",
    examples: "a blue bicycle|a pink flower|a yellow car|a house|a smiling face",
    glimpse: "Some of your pictures",
    results: "Pictures found",
    emptyIndex: "There are no pictures yet",
    emptyIndexHint: "Add some with “clip index add FOLDER”, then load this page again.",
    countOne: "1 picture",
    count: "{count} pictures",
    countOf: "{count} of {all} pictures",
    countBest: "The best {count} of {all} pictures",
    searching: "Searching…",
    noneAbove: "No picture is this close",
    noneAboveHint: "The closest is at {best}. Lower the cut-off to see more.",
    showAll: "Show all",
    none: "No picture fits",
    noneHint: "Take a filter away, or ask for something else.",
    clearFilters: "Clear the filters",
    onlySubtracted: "Nothing to search for yet",
    onlySubtractedHint: "Subtracting needs something to subtract from: write a few words, or add a picture.",
    cutoff: "Similarity at least",
    cutoffAll: "any",
    filters: "Filters",
    index: "Index",
    folder: "Folder",
    anyFolder: "Any folder",
    type: "File type",
    after: "From",
    before: "To",
    remove: "Remove {name}",
    since: "since {date}",
    until: "until {date}",
    terms: "Added and subtracted",
    addWords: "Add",
    subtractWords: "Subtract",
    addPlaceholder: "words to add",
    subtractPlaceholder: "words to subtract",
    addedTerm: "{name}, added. Subtract it instead",
    subtractedTerm: "{name}, subtracted. Add it instead",
    yourPicture: "Your picture",
    picture: "Picture {id}",
    like: "More like this",
    add: "Add to the search",
    subtract: "Subtract from the search",
    similarity: "Similarity",
    tile: "{name}, similarity {score}",
    details: "Details",
    close: "Close",
    previous: "Previous picture",
    next: "Next picture",
    path: "Path",
    copy: "Copy the path",
    copied: "Copied",
    size: "Size",
    pixels: "{width} × {height} pixels",
    modified: "Changed",
    taken: "Taken",
    labels: "Your labels",
    labelsHint: "cat, dog, car",
    labelsHelp: "Separated by commas. They stay in this browser.",
    labelsNone: "Write two or more labels to see which fits this picture best.",
    retry: "Try again",
    gone: "The server cannot be reached",
    goneHint: "Is it still running? This page tries again by itself.",
    busy: "The server is busy",
    busyHint: "Trying again in {seconds} s.",
    refused: "The server refused this search",
    pictureGone: "This picture cannot be shown; its file may be gone.",
    notPicture: "“{name}” is not a picture that can be searched with.",
    lostPicture: "A picture of your own is not part of the link. Drop it again to search with it.",
    keyTitle: "This server asks for a key",
    keyHint: "It is kept until you close this tab.",
    keyWrong: "The server did not take this key.",
    key: "Key",
    unlock: "Continue",
  },
  zh: {
    title: "图片搜索",
    search: "搜索",
    placeholder: "描述一张图片",
    clear: "清除搜索",
    choosePicture: "用图片搜索",
    dropHere: "松开即可用这张图片搜索",
    theme: "深色主题",
    language: "English",
    skip: "跳到图片",
    heroSome: "按画面内容搜索 {count} 张图片",
    heroOne: "按画面内容搜索图片",
    heroHint: "写下你想看到的画面；拖入或粘贴一张图片，可以找到相似的图片。",
    tryThese: "试试",
    examples: "蓝色的自行车|粉色的花|黄色的汽车|一座房子|笑脸",
    glimpse: "你的部分图片",
    results: "找到的图片",
    emptyIndex: "还没有图片",
    emptyIndexHint: "用 “clip index add 文件夹” 添加图片，然后重新载入本页。",
    countOne: "1 张图片",
    count: "{count} 张图片",
    countOf: "{count} / {all} 张图片",
    countBest: "{all} 张图片中最接近的 {count} 张",
    searching: "正在搜索…",
    noneAbove: "没有这么接近的图片",
    noneAboveHint: "最接近的一张是 {best}。降低下限可以看到更多。",
    showAll: "全部显示",
    none: "没有符合的图片",
    noneHint: "去掉一个筛选条件，或换一种说法。",
    clearFilters: "清除筛选",
    onlySubtracted: "还没有要搜索的内容",
    onlySubtractedHint: "只减去是不够的：请写几个词，或加上一张图片。",
    cutoff: "相似度不低于",
    cutoffAll: "不限",
    filters: "筛选",
    index: "图库",
    folder: "文件夹",
    anyFolder: "所有文件夹",
    type: "文件类型",
    after: "起始日期",
    before: "截止日期",
    remove: "去掉 {name}",
    since: "{date} 起",
    until: "{date} 止",
    terms: "加上和减去的内容",
    addWords: "加上",
    subtractWords: "减去",
    addPlaceholder: "要加上的词",
    subtractPlaceholder: "要减去的词",
    addedTerm: "{name}，已加上。改为减去",
    subtractedTerm: "{name}，已减去。改为加上",
    yourPicture: "你的图片",
    picture: "图片 {id}",
    like: "相似的图片",
    add: "加到搜索中",
    subtract: "从搜索中减去",
    similarity: "相似度",
    tile: "{name}，相似度 {score}",
    details: "详情",
    close: "关闭",
    previous: "上一张",
    next: "下一张",
    path: "路径",
    copy: "复制路径",
    copied: "已复制",
    size: "大小",
    pixels: "{width} × {height} 像素",
    modified: "修改时间",
    taken: "拍摄时间",
    labels: "你的标签",
    labelsHint: "猫，狗，汽车",
    labelsHelp: "用逗号分隔，只保存在本浏览器中。",
    labelsNone: "写下两个或更多标签，看看哪个最符合这张图片。",
    retry: "重试",
    gone: "无法连接服务器",
    goneHint: "它还在运行吗？本页会自动重试。",
    busy: "服务器正忙",
    busyHint: "{seconds} 秒后重试。",
    refused: "服务器拒绝了这次搜索",
    pictureGone: "无法显示这张图片，文件可能已经不在了。",
    notPicture: "“{name}” 不是可以用来搜索的图片。",
    lostPicture: "你自己的图片不包含在链接里。请再次拖入以搜索。",
    keyTitle: "此服务器需要密钥",
    keyHint: "密钥保存到关闭此标签页为止。",
    keyWrong: "服务器不接受这个密钥。",
    key: "密钥",
    unlock: "继续",
  },
};

const known = (tag) => (tag?.toLowerCase().startsWith("zh") ? "zh" : "en");
let language = kept.get("language") ? known(kept.get("language")) : known(navigator.language);

/** A text of the table, with its {places} filled in. */
export function say(name, values = {}) {
  return table[language][name].replace(/\{(\w+)\}/g, (place, key) => values[key] ?? place);
}

/** Turns to the other language and keeps the choice. */
export function turnLanguage() {
  language = language === "en" ? "zh" : "en";
  kept.set("language", language);
}

/** Fills in index.html: `data-say` is an element's text, `data-label` its name, `data-hint` its placeholder. */
export function translate(root = document) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of root.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
    if (element.matches("button")) element.title = say(element.dataset.label);
  }
}

// Of an English reader the region matters for dates: 31/12 or 12/31.
const locale = () => (language === "zh" ? "zh-CN" : navigator.language.startsWith("en") ? navigator.language : "en");
export const number = (value) => new Intl.NumberFormat(locale()).format(value);
export const score = (value) => value.toFixed(3);

/** Bytes in the unit that keeps the number short. */
export function bytes(value) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = value < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(value) / 3));
  return new Intl.NumberFormat(locale(), {
    style: "unit", unit: units[step], unitDisplay: step ? "short" : "long", maximumSignificantDigits: 3,
  }).format(value / 1000 ** step);
}

/** A moment in the reader's own time and habit. */
export function date(iso) {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return iso;
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(moment);
}
