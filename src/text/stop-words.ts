import { vietnamese } from "./cut-word.ts";

/**
 * Words that say nothing about what a question is after, folded as `cutTerms` folds them. Lists are
 * short on purpose: a word that may name something stays out of them.
 */
const latin = {
  english:
    "a about above after again all also am an and any are aren as at be been before being below between both but by can could couldn did didn do does doesn doing don down during each eg few for from further had hadn has hasn have haven having he her here hers herself him himself his how i ie if in into is isn it its itself just let me more most my myself no nor not of off on once only or other our ours out over own please same shall she should shouldn so some such tell than that the their theirs them themselves then there these they this those through to too under until up very was wasn we were weren what when where which while who whom whose why will with won would wouldn you your yours",
  german:
    "aber alle als am an auch auf aus bei bin bis da dann das dass dem den der des die dies diese diesem diesen dieser dieses doch durch ein eine einem einen einer eines er es fur gibt habe haben hat hatte ich ihm ihn ihr im in ist ja kann kein keine konnen man mehr mein mit nach nicht noch nur ob oder ohne sein seine seinem seinen seiner sich sie sind so uber um und uns unter vom von vor wann war waren warum was welche welchem welchen welcher welches wenn wer werden weshalb wie wird wo wurde wurden zu zum zur zwischen",
  french:
    "a alors au aucun aussi aux avait avant avec avoir c ce ces cet cette ceux ci comme comment d dans de des donc du elle elles en entre est et etait ete etre eux fait fut il ils j je l la le les leur leurs lui ma mais me meme mes mon n ne nous on ont ou par pas pendant plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se selon ses si son sont sous sur t ta te tes toi ton tous tout tres tu un une vos votre vous y",
  spanish:
    "a al algo ante antes aquel como con contra cual cuales cuando cuanto cuantos de del desde donde durante e el ella ellas ellos en entre era eran es esa ese eso esta estaba estan este esto estos fue fueron ha han hasta hay la las le les lo los mas me mi mientras muy nada ni no nos o os otra otro para pero por porque que quien quienes se segun ser si sin sobre son su sus tambien te tiene tras tu un una uno unos y ya yo",
  italian:
    "a ad ai al alla alle allo anche c che chi ci come con cosa cui d da dai dal dalla dalle dei del della delle dello di dove e ed era erano essere fu gli ha hanno i il in io l la le lei li lo loro lui ma mi ne negli nei nel nella nelle non o per perche piu qual quale quali quando quanti quanto quella quelle quello questa queste questo qui se si sia sono stata stato su sua sue sui sul sulla suo suoi tra un una uno vi",
  portuguese:
    "a ao aos as com como da das de do dos e ela elas ele eles em entre era eram essa esse esta este eu foi foram ha isso isto ja lhe mais mas me mesmo na nao nas nem no nos o onde os ou para pela pelas pelo pelos por porque qual quais quando quanto quantos que quem sao se sem ser seu seus sobre sua suas tambem te tem um uma voce",
  dutch:
    "aan al als bij dan dat de der deze die dit door een en er had heb heeft hem het hij hoe hoeveel hun ik in is ja je kan maar me meer met mijn na naar niet nog nu of om onder ons ook op over te tegen toch toen tot uit van veel voor waar waarom wanneer waren was wat we wel welk welke werd wie wij worden wordt zal ze zich zij zijn zo zou",
  romanian:
    "a acest aceasta aceste al ale am ar are as au ca care cand cat cate ce cele cel cine cu cum da de despre din dintre dupa ea ei el era este eu fi fost ia iar in intre la le lor lui mai ne nu o pe pentru prin sa sau se si sub sunt te un una unde unei unui va",
  turkish:
    "ama ancak bir biri bu bunu bunun cok da daha de degil diye en gibi hangi hem her icin ile ise kac kadar ki kim mi mu nasil ne neden nerede nedir o olan olarak oldu olduğu olup sonra su tarafindan ve veya ya",
  polish:
    "a ale albo byl byla bylo byly być czy co dla do gdzie i ich ile im ja jak jaka jaki jakie jako jego jej jest jestem kiedy kto która ktora ktore ktory które który lub ma na nad nie o od on ona one oni oraz po pod przed przez przy sa się sie są sobie ta tak tam te tego tej ten to tym u w we z za ze że",
  swedish:
    "av att blev bli de dem den denna dess det detta dig din du efter ej eller en enligt er ett for fran från ha hade han har hon hur i inte jag kan med men mig min mot nar och om oss pa på sa sig sin som till under upp ut vad var varfor vem vi vid vilka vilken vilket",
  indonesian:
    "ada adalah agar akan antara apa atau bagaimana bagi banyak berapa bisa dalam dan dari dengan di dia ini itu juga kapan karena ke kepada mana mengapa mereka oleh pada para saat saja saya sebagai seperti siapa sudah tahun telah tersebut tidak untuk yang",
};

/** Beside these, words with Vietnamese letters are in the question. */
const vietnameseList: ReadonlySet<string> = new Set(
  "bi bị bao boi bởi cac cua của da do duoc được gi hay khi la lam nao nay nhu như nhung những o ở tai tại the thi theo trong tu từ va vao ve về vi voi với đã đó đang để điều".split(
    " ",
  ),
);

const others =
  // Russian and Ukrainian
  "а без более бы был была были было быть в вам вас весь во вот все всего вы где да для до его ее если есть еще же за и из или им их к как какая какие какой каком какую ко когда которая которые который кто куда ли мне может мы на над не него нее нет ни них но ну о об он она они оно от по под при с сколько со так также такой там то того тоже только тот ты у уже чего чем что чтобы чье эта эти это этого этот я " +
  "але або був була були було бути від він вона вони воно де його її коли кому котрий ми наш при про та також те ти хто це цей чи чого що щоб як яка яке який які якого " +
  // Greek
  "αν από ἀπό απο αυτά αυτή αυτό αυτός για δε δεν εγώ ειναι είναι εκ ενα ένα ένας εν επι η ή ηταν ήταν θα κατά κατα και με μετά μια μη να ο οι οποια οποιο όπως όταν ότι ού πιο ποια ποιά ποιο ποιοι ποιος πόσα πόσες πόση πόσο πόσοι πότε που πού προς πρός πως πώς σε στα στη στην στις στο στον στους τα τη την της τι τί τις το τον του τους των τον ως " +
  // Arabic and Persian
  "ا اذا ان او اي ايضا ال الا الذي الذين التي الي اليه بعد بعض بين به بها تم ثم حتي حول خلال ذلك عن عند عندما علي غير في فيه فيها قبل قد كان كانت كل كم كما كيف لا لم لماذا لن له لها لهم ليس ما ماذا متي مع من منذ منه منها هذا هذه هل هم هو هي هناك و وفي وقد وكان ولا ولم وما ومن وهو وهي يكون اين ايا ايه " +
  "از است اش اما اند این آن ان با باشد باید بر برای براي بود بودند به بی تا تر چرا چگونه چند چه چيست چیست خود در دیگر را شد شده شود که كه کجا كجا کدام كدام كرد کرد کند مي می نه نیز هر هم و یا يا يك یک " +
  // Hebrew
  "אבל או אז אחרי אימ אין איפה איכ איזה אילו אל אנחנו אני אשר את אתה בו ביו בינ גמ הוא היא היה היו המ הנ הרבה זאת זה זו יותר יש כי כל כמה כמו לא לו למה מ מאשר מה מי מתי נגד עד עוד על עמ רק של שלו שלה שהמ " +
  // Hindi
  "अगर अपना अपनी अपने अब आदि इस इसके इसकी इसे उन उनका उनकी उनके उस उसका उसकी उसके उसे एक एवं और कब कर करता करते करना करने कहाँ कहां का कि कितना कितनी कितने किया किस किसने किसी की कुछ के को कौन कौनसा कौनसी क्या क्यों गई गए गया जब जहाँ जा जाता जाती जाते जिस जैसे जो तक तथा तो था थी थे द्वारा दिया ने पर बाद बहुत भी में मैं यह यहाँ या ये रहा रहे लिए लेकिन व वह वाला वाले वे सकता सकते साथ से हम ही हुआ हुई हुए है हैं हो होता होती होते होने " +
  // Thai
  "ๆ กว่า ก็ กับ การ ก่อน ของ ขึ้น ครับ ความ คือ ค่ะ คะ จะ จาก จึง ซึ่ง ด้วย ดัง ต่อ ตั้งแต่ ต้อง ถึง ถูก ทั้ง ทำไม ที่ ที่สุด นั้น นี้ ใน บาง เป็น เพราะ เพื่อ เมื่อ เมื่อไร เมื่อไหร่ มา มี แต่ และ แล้ว หรือ หาก อะไร อย่าง อย่างไร ยังไง อยู่ ออก อีก ให้ ไหน ไหม ได้ ไป ไม่ ใด ใคร เท่าไร เท่าไหร่ กี่ " +
  // Chinese: only what stands alone; pairs of characters that are common weigh little anyhow
  "吗 呢 吧 啊 的 了 是 在 和 与 及 或 被 把 对 为 以 于 之 其 " +
  // Japanese
  "です ます した して する され れる れた てい いる いた ある った って では には とは にお おい いて のは もの こと とい いう から まで など また です すか ます ませ せん しょ ょう なに なん 何で 何が 何を どの どこ どれ どん 誰が 誰で いつ いく くつ らい ぐら ください でし たか るか のか かっ なの の は が を に で と も か へ や ね よ な " +
  // Korean
  "습니 니다 니까 입니 합니 하는 하고 하여 했다 한다 되는 되어 된다 있는 있다 에서 으로 에게 부터 까지 이다 인가 인가요 무엇 엇인 엇을 누구 언제 어디 어떤 어떻 떻게 얼마 몇 은 는 이 가 을 를 의 에 와 과 도 로 그 저";

/**
 * Pairs of Chinese characters that hold nothing but grammar: no question is about them. How common they
 * are in the passages does not tell: many a text never asks what, where or how much.
 */
export const chineseParticles: ReadonlySet<string> = new Set(
  "什么 么是 是什 有什 么样 么时 的什 么人 么地 为什 怎么 么办 怎样 如何 何时 哪些 哪个 哪里 哪一 哪年 哪种 哪几 些是 个是 是哪 有哪 多少 少个 是多 有多 少次 是谁 谁是 是否 是不 不是 请问 可以 能否 的是 是的 了什 在哪 这个 那个 一个 这些 那些".split(
    " ",
  ),
);

const latinLists: readonly ReadonlySet<string>[] = Object.values(latin).map(
  (words) => new Set(words.split(" ")),
);
const otherList: ReadonlySet<string> = new Set(others.split(" "));

const english = new Set(latin.english.split(" "));
const latinWord = /^[\p{Script=Latin}\p{M}\d]+$/u;
const capitals = /(?<![\p{L}\p{N}])\p{Lu}{2,}(?![\p{L}\p{N}])/gu;
const smallLetter = /[^\P{L}\p{Lu}]/u;

/**
 * Which of a text's folded words are stop words. Words in Latin letters are judged by the language
 * that has most of them in its list, so that `die` stays in an English question and leaves a German
 * one; one such word alone, or beside another script, is judged as English. Other scripts have one
 * list each. What `text` spells in capitals (WHO, IT) stays, unless all of it is capitals.
 */
export function stopWordsOf(words: Iterable<string>, text: string): ReadonlySet<string> {
  const distinct = new Set(words);
  const found = latinStopWords(distinct).union(distinct.intersection(otherList));
  if (found.size === 0 || !smallLetter.test(text)) return found;
  const names = new Set(Array.from(text.matchAll(capitals), ([name]) => name.toLowerCase()));
  return found.difference(names);
}

function latinStopWords(distinct: ReadonlySet<string>): ReadonlySet<string> {
  if (distinct.values().some((word) => vietnamese.test(word))) {
    return distinct.intersection(vietnameseList);
  }
  let best: ReadonlySet<string> = distinct.intersection(english);
  if (!distinct.values().every((word) => latinWord.test(word))) return best;
  for (const list of latinLists) {
    const found = distinct.intersection(list);
    if (found.size > 1 && found.size > best.size) best = found;
  }
  return best;
}
