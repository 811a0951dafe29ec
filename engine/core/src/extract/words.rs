//! The words and characters that the rules know, as data. Phrases are compared as [`View`](super::view::View) spells
//! texts, so they are written here as a reader would; one line a language, or a few near ones, `|` between phrases.

use super::view::Phrases;
use std::sync::LazyLock;

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident = [$($line:literal,)+];)+) => {
        $($(#[$doc])* pub(super) static $name: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(&[$($line),+]));)+
    };
}

phrases! {
    /// Cues that say themselves that what follows is the answer: a statement, even without a copula.
    FINAL = [
        "correct answer|final answer|right answer|best answer|correct option|correct choice|right option|right choice|best option|best choice|correct letter|correctanswer|finalanswer|answer's|go with|i choose|i chose|i pick|i select|i would choose|i'd choose|i would pick|i'd pick|i would select|most likely answer|most appropriate answer",
        "الإجابة الصحيحة|الجواب الصحيح|الإجابة النهائية|الجواب النهائي|الخيار الصحيح|الاختيار الصحيح|إجابة صحيحة|إجابتي النهائية|الإجابة المناسبة",
        "התשובה הנכונה|תשובה נכונה|התשובה הסופית|תשובה סופית|האפשרות הנכונה|אפשרות נכונה",
        "ትክክለኛው መልስ|ትክክለኛ መልስ|ትክክለኛው ምርጫ|ትክክለኛ ምርጫ|ትክክለኛው አማራጭ|የመጨረሻ መልስ|የመጨረሻው መልስ|ትኽክለኛ መልሲ|ቅኑዕ መልሲ",
        "सही उत्तर|सही जवाब|सही विकल्प|अंतिम उत्तर|सही पर्याय|योग्य पर्याय|बरोबर उत्तर",
        "সঠিক উত্তর|সঠিক উত্তরটি|সঠিক বিকল্প|চূড়ান্ত উত্তর|ਸਹੀ ਉੱਤਰ|ਸਹੀ ਜਵਾਬ|સાચો જવાબ|સાચો વિકલ્પ",
        "சரியான பதில்|சரியான விடை|సరైన సమాధానం|సరైన జవాబు|ಸರಿಯಾದ ಉತ್ತರ|ശരിയായ ഉത്തരം|නිවැරදි පිළිතුර",
        "正解|正答|正しい答え|正しい選択肢|正しい回答|最終的な答え|最終回答",
        "正确答案|正確答案|最终答案|最終答案|正确选项|正確選項|故选|故選|应选|應選|因此选|因此選|所以选|所以選|本题选|我选|我選",
        "정답|최종 답|최종 답변|올바른 답|맞는 답|옳은 답|올바른 선택지",
        "bonne réponse|réponse correcte|réponse exacte|réponse finale|bonne option|option correcte|bon choix",
        "richtige antwort|korrekte antwort|richtige option|endgültige antwort|juiste antwoord|correcte antwoord|goede antwoord",
        "respuesta correcta|respuesta final|opción correcta|alternativa correcta|resposta correta|resposta certa|resposta final|opção correta",
        "risposta corretta|risposta giusta|risposta esatta|risposta finale|opzione corretta|răspunsul corect|varianta corectă",
        "правильный ответ|верный ответ|окончательный ответ|правильный вариант|верный вариант|правильным ответом|верным ответом",
        "правильна відповідь|вірна відповідь|правильний варіант|правилният отговор|верният отговор|правилен отговор|тачан одговор",
        "poprawna odpowiedź|prawidłowa odpowiedź|poprawną odpowiedzią|správná odpověď|správna odpoveď|točan odgovor|helyes válasz",
        "rätt svar|rätta svaret|riktige svaret|rigtige svar|oikea vastaus|vastaus on|oikea vastaus on|σωστή απάντηση|ορθή απάντηση|σωστή επιλογή",
        "doğru cevap|doğru yanıt|doğru seçenek|doğru şık|nihai cevap|son cevap|düzgün cavab|doğru cavab|toʻgʻri javob|to'g'ri javob|дұрыс жауап",
        "پاسخ صحیح|پاسخ درست|جواب صحیح|جواب درست|گزینه صحیح|گزینه درست|پاسخ نهایی|صحیح جواب|درست جواب|صحیح آپشن|صحیح اختیار|حتمی جواب",
        "đáp án đúng|câu trả lời đúng|đáp án chính xác|jawaban yang benar|jawaban yang tepat|jawaban benar|jawapan yang betul|tamang sagot|jibu sahihi",
        "คำตอบที่ถูกต้อง|คำตอบที่ถูก|ตัวเลือกที่ถูกต้อง|ข้อที่ถูกต้อง|სწორი პასუხი|ճիշտ պատասխանը|ճիշտ պատասխան",
    ];

    /// Cues that make a statement with a copula, a colon or a new line, and a mention without.
    ANSWERS = [
        "answer|ans.|ans",
        "الإجابة|إجابة|الجواب|جواب|إجابتي|جوابي|اختياري|תשובה|התשובה|תשובתי|בחירתי|መልስ|መልሱ|መልሴ|መልሲ",
        "उत्तर|जवाब|উত্তর|উত্তরটি|ਉੱਤਰ|ਜਵਾਬ|જવાબ|ઉત્તર|பதில்|விடை|సమాధానం|జవాబు|ಉತ್ತರ|ഉത്തരം|පිළිතුර",
        "答え|回答|解答|答案|选择|選擇|选|選|답|답변|คำตอบ|ตอบ|ຄຳຕອບ|ចម្លើយ|အဖြေ",
        "réponse|antwort|lösung|antwoord|respuesta|resposta|risposta|răspuns|răspunsul|svar|svaret|vastaus|válasz",
        "odpověď|odpoveď|odpowiedź|odgovor|ответ|ответом|відповідь|отговор|отговорът|отговора|одговор|απάντηση|პასუხი|պատասխան|պատասխանը",
        "cevap|cevabı|cevabım|yanıt|yanıtı|yanıtım|cavab|javob|жауап|жауабы|پاسخ|جواب|ځواب|وەڵام",
        "đáp án|câu trả lời|trả lời|jawaban|jawapan|sagot|jibu|amsa|ìdáhùn|jawaab|jawaabta|impendulo|erantzuna",
    ];

    /// Cues that name an option: a statement with a copula or a colon, and a mention without; before a new line they
    /// head a list.
    NOUNS = [
        "option|choice|الخيار|خيار|الاختيار|اختيار|אפשרות|האפשרות|בחירה|הבחירה|סעיף|ምርጫ|ምርጫው|አማራጭ",
        "विकल्प|पर्याय|বিকল্প|ਵਿਕਲਪ|વિકલ્પ|選択肢|选项|選項|선택지|보기|ข้อ|ตัวเลือก",
        "choix|optie|opción|opção|opzione|alternativ|alternativa|varianta|вариант|варіант|επιλογή|seçenek|şık",
        "گزینه|آپشن|اختیار|phương án|lựa chọn|pilihan|opsi|chaguo",
    ];

    /// What stands between a cue and its label and says that they are the same.
    COPULAS = [
        "is|are|was|be|would be|should be|must be|will be|has to be|seems to be|appears to be",
        "هي|هو|تكون|يكون|ستكون|היא|הוא|הינה|הינו|זו|ነው|ናት|है|हैं|হল|হলো|হচ্ছে|ਹੈ|છે",
        "は|が|とは|是|为|為|应为|應為|应该是|應該是|就是|은|는|이|가|คือ|เป็น|ແມ່ນ|គឺ",
        "est|serait|ist|lautet|wäre|heißt|es|sería|é|seria|è|sarebbe|är|er|este|je|jest|to jest|brzmi",
        "это|является|будет|це|є|е|είναι|არის|է|است|عبارت است از|ہے|ہوگا|là|adalah|ialah|ay|ni|dır|şudur",
    ];

    /// What stands between a cue and its label and says nothing.
    LINKERS = [
        "the|option|choice|letter|number|label|id|key|most|likely|probably|clearly|therefore|thus|definitely|indeed|actually|then|simply|either|both|text|textbf|mathrm|mathbf|correct|best",
        "الخيار|خيار|رقم|الرقم|الحرف|حرف|الاختيار|الصحيحة|אפשרות|האפשרות|מספר|אות|האות|סעיף|ምርጫ|ቁጥር|ፊደል|አማራጭ|ተራ ቁጥር",
        "विकल्प|नंबर|क्रमांक|संख्या|বিকল্প|নম্বর|選択肢|選択肢の|番号|番|选项|選項|第|选|選|选择|選擇|보기|번호|선택지|ข้อ|ตัวเลือก|หมายเลข",
        "la|le|l'|l'option|option|lettre|proposition|numéro|choix|donc|die|der|das|buchstabe|nummer|also|optie|de|het",
        "el|opción|letra|número|alternativa|entonces|a|o|os|as|opção|il|lettera|opzione|numero|litera|opcja",
        "вариант|варіант|номер|под номером|под|буква|буквой|пункт|επιλογή|η|ο|το|seçenek|şık|seçeneği|şıkkı",
        "گزینه|گزینهٔ|شماره|آپشن|نمبر|phương án|đáp án|pilihan|opsi|nomor|huruf|chaguo|namba|nambari|herufi",
    ];

    /// What takes back the label or cue that follows.
    NEGATORS = [
        "not|isn't|isnt|aren't|wasn't|never|nor|neither|cannot|can't|cannot be|can't be|except|than|instead of|wrong|incorrect|false|eliminate|eliminated|exclude|ruled out|rule out",
        "ليس|ليست|ليسا|لا|لن|غير|خاطئ|خاطئة|الخاطئة|الخاطئ|الخطأ|לא|אינה|אינו|איננה|איננו|שגויה|שגוי|השגויה|አይደለም|ስህተት|የተሳሳተ",
        "नहीं|गलत|ग़लत|নয়|ভুল|不正解|誤り|誤答|間違い|不是|并非|並非|不选|不選|不|错误|錯誤|오답|틀린|아닌|ไม่ใช่|ไม่",
        "pas|non|jamais|fausse|incorrecte|mauvaise|nicht|kein|keine|falsche|falsch|niet|onjuiste|no|nunca|incorrecta|não|errada|inte|ikke|ei|nie|ne",
        "не|ни|нет|неверный|неправильный|неправильна|ні|δεν|όχι|λάθος|değil|yanlış|نیست|غلط|نادرست|نہیں|không|không phải|bukan|si|sio",
    ];

    /// What takes back the label that stands before it; the last word may go on.
    REBUTTALS = [
        "is not|isn't|isnt|is wrong|is incorrect|is false|is neither|was not|wasn't|would not|wouldn't|cannot|can't|can be ruled|can be eliminated|does not|doesn't|may be ruled|are wrong|are incorrect|are not|could not be|wrong|incorrect",
        "ليس|غير|خاطئ|خطأ|هي إجابة خاطئة|لا يمكن|אינה|אינו|לא נכונ|לא נכון|לא מתאימ|שגוי|היא לא|היא שגויה|አይደለም|ስህተት|ትክክል አይደለም",
        "नहीं|गलत|है नहीं|ग़लत|নয়|ভুল|ではな|ではあ|じゃな|は誤|は間違|は正しくな|は不正解|は違|が誤|不对|不對|不正确|不正確|不是|是错|是錯|错|錯|错误|錯誤",
        "가 아니|이 아니|는 아니|은 아니|번이 아니|번은 아니|는 틀|은 틀|가 틀|이 틀|아니|ไม่ใช่|ไม่ถูก|ผิด",
        "est incorrect|est faux|est fauss|n'est pas|ist falsch|ist nicht|scheidet aus|is niet|is onjuist|no es|es incorrect|es falsa|não é|é incorret|está errad|non è|è errat|è sbagliat",
        "не явля|не подход|неверн|неправильн|не верн|не є|nie jest|jest niepopraw|jest błęd|δεν είναι|είναι λάθος|değil|yanlış|نیست|نادرست|غلط|نہیں|غلط ہے|không đúng|không phải|là sai|bukan|salah",
    ];

    /// What says that the label after it holds in place of the one taken back.
    BUT = [
        "but|but rather|rather|it is|it's|instead|بل|وإنما|ولكن|لكن|אלא|አይደለም|ሳይሆን|बल्कि|বরং|ではなく|ではなくて|じゃなく|なく|而是|应该是|아니라|아니고",
        "mais|sondern|maar|sino|mas|mas sim|bensì|ma|utan|vaan|hanem|nýbrž|lecz|ale|а|but|αλλά|değil|بلکه|بلکہ|mà là|melainkan|bali",
    ];

    /// What joins two labels of which one is meant.
    OR = [
        "or|and/or|أو|או|ወይም|ወይ|या|অথবা|বা|または|あるいは|もしくは|か|或者|或|또는|혹은|이나|หรือ|ou|oder|o|u|of",
        "или|или же|або|чи|lub|albo|nebo|vagy|eller|tai|veya|ya da|یا|hoặc|hay|atau|au|ή",
    ];

    /// What joins two labels that are both meant, unless a sentence of its own begins with the second.
    AND = [
        "and|nor|و|ו|እና|እንዲሁም|और|এবং|と|や|和|与|與|及|와|과|และ|et|und|y|e|en|и|і|i|a|och|og|ja|és|ve|اور|và|dan|na|και",
    ];

    /// What may follow a label that could be a word itself: `A because`, and copulas and the words that join labels.
    FOLLOWERS = [
        "because|since|as|which|that|due|based|for|so|if|given|option|answer|weil|da|denn|car|parce|puisque|porque|ya que|pues|pois|perché|omdat",
        "لأن|لأنه|لأنها|بسبب|حيث|كما|כי|משום|מכיוון|ምክንያቱም|ስለዚህ|क्योंकि|কারণ|потому|так как|поскольку|бо|тому|γιατί|επειδή|διότι",
        "çünkü|zira|زیرا|چون|کیونکہ|vì|bởi|karena|sebab|kwa|ponieważ|protože|eftersom|fordi|koska|mert",
    ];

    /// Verdicts on the label that stands before them.
    VERDICTS = [
        "is correct|is the correct|is right|is the right|is the answer|is the best answer|is the best choice|is the best option|is my answer|is my final answer|must be correct",
        "هي الإجابة|هو الجواب|هو الخيار الصحيح|هي الصحيحة|هو الصحيح|صحيحة|היא התשובה|היא הנכונה|נכונה|הוא הנכון|ትክክለኛው መልስ ነው|ትክክል ነው|ትክክለኛ ነው",
        "सही है|सही उत्तर है|सही जवाब है|सही विकल्प है|সঠিক|が正解|は正解|が正しい|は正しい|が答え|が適切|が正答|是正确|是正確|正确|正確|选项正确|选项是正确|選項正確|为正确|是答案",
        "가 정답|이 정답|가 맞|이 맞|번이 정답|번이 맞|가 옳|이 옳|가 답|이 답|ถูกต้อง|คือคำตอบ|เป็นคำตอบ",
        "est correct|est correcte|est la bonne|est la réponse|est le bon|est juste|ist richtig|ist die richtige|ist korrekt|ist die korrekte|ist die antwort|is juist|is het juiste",
        "es correcto|es correcta|es la correcta|es la respuesta|es la opción correcta|está correta|é a correta|é a resposta|é correta|è corretta|è la risposta|è quella corretta",
        "является правильным|является правильной|является верным|верно|верен|правильный|правильна|jest poprawna|jest poprawną|jest prawidłowa|είναι η σωστή|είναι σωστή|είναι σωστό",
        "doğru|doğrudur|şıkkı doğru|şıkkı doğrudur|seçeneği doğru|seçeneği doğrudur|صحیح است|درست است|صحیح ہے|درست ہے|là đáp án|là đúng|đúng|adalah jawaban|ni sahihi|ndilo jibu",
    ];

    /// What may be written together with a label.
    TAILS = [
        "'dir|'dır|'dur|'dür|'tir|'tır|'tur|'tür|'si|'yi|'nin|입니다|이다|예요|이에요|임|번|가 정답|이 정답|가 맞|이 맞|是|为|項|项|号|選|选|です|番|番です|번입니다|번이다",
    ];

    /// Phrases of refusal.
    REFUSALS = [
        "i cannot|i can't|i can not|i'm unable|i am unable|i'm not able|i am not able|as an ai|as a language model|i'm sorry, but|i am sorry, but|i apologize, but|not enough information|insufficient information|i don't know|i do not know|cannot be determined|unable to determine|unable to answer",
        "لا أستطيع|لا يمكنني|لا أقدر|عذرا، |آسف|لا توجد معلومات كافية|معلومات غير كافية|لا أعرف|بصفتي نموذج|كنموذج لغ",
        "אינני יכול|איני יכול|אני לא יכול|אין באפשרותי|מצטער|אין מספיק מידע|לא ניתן לקבוע|כמודל שפה|אינני יודע|אני לא יודע",
        "ይቅርታ|አልችልም|መመለስ አልችል|በቂ መረጃ የለም|አላውቅም|ይቕሬታ",
        "मैं नहीं|माफ़ करें|माफ करें|क्षमा करें|पर्याप्त जानकारी नहीं|मुझे नहीं पता|আমি দুঃখিত|দুঃখিত|যথেষ্ট তথ্য নেই|আমি জানি না",
        "申し訳|お答えできません|答えられません|答えることができません|情報が不足|情報が不十分|わかりません|分かりません|判断できません",
        "无法|無法|抱歉|对不起|對不起|作为一个|作為一個|信息不足|没有足够的信息|我不知道|죄송|할 수 없|정보가 부족|모르겠|알 수 없|ขออภัย|ข้อมูลไม่เพียงพอ|ไม่ทราบ",
        "je ne peux pas|désolé|en tant qu'ia|en tant que modèle|pas assez d'informations|je ne sais pas|ich kann nicht|ich kann diese|tut mir leid|nicht genügend informationen|ich weiß nicht|als ki-|als ki |het spijt me",
        "no puedo|lo siento|no hay suficiente información|no lo sé|como modelo de|não posso|desculpe|não há informações suficientes|não sei|non posso|mi dispiace|non ci sono informazioni sufficienti|non lo so",
        "я не могу|извините|к сожалению|недостаточно информации|не знаю|как языковая модель|не можу|на жаль|nie mogę|przykro mi|δεν μπορώ|λυπάμαι|üzgünüm|yeterli bilgi yok|bilmiyorum|cevaplayamam",
        "نمی‌توانم|متأسفم|اطلاعات کافی|نمی‌دانم|معذرت|نہیں کر سکت|کافی معلومات نہیں|معلوم نہیں|tôi không thể|xin lỗi|không đủ thông tin|maaf|tidak cukup informasi|tidak tahu|samahani|siwezi|sijui",
    ];
}

/// Alphabets by which options are counted, in each script's usual order for lists; as [`fold`] spells the letters.
///
/// Where usage differs: Arabic, Persian and Urdu count in abjad order (ا ب ج د), Hebrew by the letters' values (its tenth
/// is י), Devanagari both ways (क ख ग घ and, after the Latin alphabet, अ ब स द), Ethiopic by the first order (ሀ ለ ሐ መ),
/// Greek without the stigma, Cyrillic in the Russian order. Left out where one letter has two places: Gujarati, Marathi's
/// अ ब क ड, the hiragana.
pub(super) const ALPHABETS: &[&str] = &[
    LATIN,
    "ابجدهوزحطي",
    "אבגדהוזחטי",
    "ሀለሐመሠረሰሸቀበ",
    "कखगघङचछजझञ",
    "अबसद",
    "কখগঘঙচছজঝঞ",
    "ੳਅੲਸ",
    "กขคงจฉชซฌญ",
    "ກຂຄງຈ",
    "កខគឃង",
    "ကခဂဃင",
    "가나다라마바사아자차",
    "ᄀᄂᄃᄅᄆᄇᄉᄋᄌᄎ",
    "アイウエオカキクケコ",
    "甲乙丙丁戊己庚辛壬癸",
    "абвгдежзик",
    "αβγδεζηθικ",
    "აბგდევზთიკ",
    "աբգդեզէըթժ",
];

/// The letters that mean options only where the labels are letters.
pub(super) const LATIN: &str = "abcdefghij";

/// Persian and Urdu spell the first letter out.
pub(super) const SPELLED_FIRST: &str = "الف";

/// Numerals that are no digits, from 1.
pub(super) const NUMERALS: &[&str] = &["፩፪፫፬፭፮፯፰፱፲", "一二三四五六七八九十"];

/// Letters that are words, too, in some language; they are labels only where they plainly stand for themselves.
pub(super) const AMBIGUOUS: &str = "aeiouyавиосукяηοو나다가";

/// Letters that Arabic and Hebrew write together with the word after them: and, so, with, in, the, that, to.
pub(super) const PROCLITICS: &str = "وفبלוהבלשכמ";

/// What counts things right after a digit: `3年` is no third option.
pub(super) const COUNTERS: &str =
    "年月日人个個名歳岁才时時点分秒円元块塊回次种種本枚倍世代か万千百亿億年년월명개살시분초원회배세위층만천백억";

/// What makes a number before a counter an ordinal after all: `第3个`.
pub(super) const ORDINALS: &str = "第제";

/// Where the ten decimal digits of a script begin.
const ZEROS: &[char] =
    &['0', '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '෦', '๐', '໐', '༠', '၀', '႐', '០', '᠐', '᱐'];

/// The scripts whose letters are told apart, by blocks. From [`UNSPACED`] on, words have no space between them.
const SCRIPTS: &[(char, char)] = &[
    ('A', '\u{24f}'),
    ('\u{1e00}', '\u{1eff}'),
    ('\u{370}', '\u{3ff}'),
    ('\u{400}', '\u{52f}'),
    ('\u{530}', '\u{58f}'),
    ('\u{590}', '\u{5ff}'),
    ('\u{600}', '\u{77f}'),
    ('\u{780}', '\u{7bf}'),
    ('\u{7c0}', '\u{7ff}'),
    ('\u{900}', '\u{97f}'),
    ('\u{980}', '\u{9ff}'),
    ('\u{a00}', '\u{a7f}'),
    ('\u{a80}', '\u{aff}'),
    ('\u{b00}', '\u{b7f}'),
    ('\u{b80}', '\u{bff}'),
    ('\u{c00}', '\u{c7f}'),
    ('\u{c80}', '\u{cff}'),
    ('\u{d00}', '\u{d7f}'),
    ('\u{d80}', '\u{dff}'),
    ('\u{10a0}', '\u{10ff}'),
    ('\u{1200}', '\u{139f}'),
    ('\u{1c50}', '\u{1c7f}'),
    ('\u{2d30}', '\u{2d7f}'),
    ('\u{e00}', '\u{e7f}'),
    ('\u{e80}', '\u{eff}'),
    ('\u{f00}', '\u{fff}'),
    ('\u{1000}', '\u{109f}'),
    ('\u{1100}', '\u{11ff}'),
    ('\u{1780}', '\u{17ff}'),
    ('\u{3040}', '\u{309f}'),
    ('\u{30a0}', '\u{30ff}'),
    ('\u{3400}', '\u{9fff}'),
    ('\u{ac00}', '\u{d7a3}'),
    ('\u{20000}', '\u{3ffff}'),
];

/// Index in [`SCRIPTS`] of the first script without spaces.
const UNSPACED: usize = 23;

/// Stands for the digits of all scripts among the numbers that [`script`] gives.
pub(super) const DIGITS: usize = usize::MAX;

/// A number for the script of a letter; letters of no listed one share a number.
pub(super) fn script(c: char) -> usize {
    let found = SCRIPTS.iter().position(|&(first, last)| (first..=last).contains(&c)).unwrap_or(SCRIPTS.len());
    // The Latin alphabet has two blocks.
    if found == 1 { 0 } else { found }
}

/// Whether words of a script have no space between them, or endings that are attached to anything (Korean).
pub(super) fn is_unspaced(script: usize) -> bool {
    (UNSPACED..SCRIPTS.len()).contains(&script)
}

/// Whether digits and letters of a script are one word: Latin, Greek, Cyrillic; and digits among themselves.
pub(super) fn binds_digits(script: usize) -> bool {
    script == DIGITS || matches!(script, 0 | 2 | 3)
}

/// The value of a decimal digit of any script.
pub(super) fn digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    ZEROS.iter().filter_map(|&zero| u32::from(c).checked_sub(u32::from(zero))).find(|&value| value < 10)
}

/// The number in a circle or in parentheses, from 1.
pub(super) fn circled(c: char) -> Option<u32> {
    let value = match c {
        '①'..='⑩' => u32::from(c) - u32::from('①'),
        '⑴'..='⑽' => u32::from(c) - u32::from('⑴'),
        '❶'..='❿' => u32::from(c) - u32::from('❶'),
        '➀'..='➉' => u32::from(c) - u32::from('➀'),
        '➊'..='➓' => u32::from(c) - u32::from('➊'),
        _ => return None,
    };
    Some(value + 1)
}

/// Whether a character only steers or decorates the display: controls other than white space, bidirectional and
/// zero-width characters, variation selectors and keycaps, soft hyphens, the Arabic tatweel, and the marks for vowels and
/// for the hamza and madda in Arabic and for vowels and cantillation in Hebrew.
pub(super) fn ignored(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}'
            | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{61c}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
            | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{20dd}'..='\u{20e4}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character is an accent, to be dropped where no letter with it exists.
pub(super) fn accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// One spelling for characters that writers of a language take for each other.
pub(super) fn fold(c: char) -> char {
    match c {
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\n' => '\n',
        c if c.is_whitespace() => ' ',
        '\u{2010}' | '\u{2011}' | '\u{2212}' => '-',
        '‘' | '’' | 'ʼ' | 'ʻ' | '׳' => '\'',
        '״' => '"',
        'ı' => 'i',
        'ς' => 'σ',
        'ٱ' => 'ا',
        'ی' | 'ى' => 'ي',
        'ک' => 'ك',
        'ہ' | 'ة' | 'ۃ' | 'ە' => 'ه',
        '🅐'..='🅙' => ascii(u32::from(c) - u32::from('🅐')),
        '🅰'..='🅹' => ascii(u32::from(c) - u32::from('🅰')),
        c => c,
    }
}

fn ascii(index: u32) -> char {
    char::from_u32(u32::from('a') + index).unwrap_or('a')
}

/// Punctuation, Unicode's category P, in the scripts of texts; of ASCII see [`punctuation`].
const PUNCTUATION: &[(char, char)] = &[
    ('¡', '¡'),
    ('§', '§'),
    ('«', '«'),
    ('¶', '·'),
    ('»', '»'),
    ('¿', '¿'),
    ('\u{37e}', '\u{37e}'),
    ('\u{387}', '\u{387}'),
    ('՚', '՟'),
    ('։', '֊'),
    ('־', '־'),
    ('׀', '׀'),
    ('׃', '׃'),
    ('׆', '׆'),
    ('׳', '״'),
    ('؉', '؊'),
    ('،', '؍'),
    ('؛', '؛'),
    ('؝', '؟'),
    ('٪', '٭'),
    ('۔', '۔'),
    ('।', '॥'),
    ('॰', '॰'),
    ('෴', '෴'),
    ('๏', '๏'),
    ('๚', '๛'),
    ('၊', '၏'),
    ('჻', '჻'),
    ('፠', '፨'),
    ('។', '៖'),
    ('៘', '៚'),
    ('‐', '‧'),
    ('‰', '⁃'),
    ('⁅', '⁑'),
    ('⁓', '⁞'),
    ('、', '〃'),
    ('〈', '】'),
    ('〔', '〟'),
    ('〰', '〰'),
    ('゠', '゠'),
    ('・', '・'),
    ('！', '＃'),
    ('％', '＊'),
    ('，', '／'),
    ('：', '；'),
    ('？', '＠'),
    ('［', '］'),
    ('＿', '＿'),
    ('｛', '｛'),
    ('｝', '｝'),
    ('｟', '･'),
];

/// Whether a character is punctuation. Symbols such as `$` and `+` are not.
pub(super) fn punctuation(c: char) -> bool {
    let listed = || PUNCTUATION.iter().any(|&(first, last)| (first..=last).contains(&c));
    if c.is_ascii() { c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c) } else { listed() }
}
