use super::words::{ALPHABETS, digit, script};
use super::*;
use proptest::prelude::*;

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];
const DIGITS: [&str; 4] = ["1", "2", "3", "4"];
const CITIES: [&str; 4] = ["Paris", "London", "New York", "Rome"];

fn ask(labels: &[&str], options: &[&str], text: &str, truncated: bool, rules: Rules) -> Extraction {
    let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let (labels, options) = (own(labels), own(options));
    extract(text, &Choices { labels: &labels, options: &options }, truncated, rules)
}

/// `LABEL RULE` where parsed, else the outcome.
fn told(labels: &[&str], found: &Extraction) -> String {
    match (found.option, found.rule) {
        (Some(option), Some(rule)) => format!("{} {}", labels[option], rule.word()),
        _ => found.outcome.word().to_owned(),
    }
}

/// Reads every text and compares all that was told at once.
fn check(labels: &[&str], options: &[&str], rules: Rules, cases: &[(&str, &str)]) {
    let told = |text: &str| told(labels, &ask(labels, options, text, false, rules));
    let wrong = cases.iter().filter(|(text, expected)| told(text) != *expected);
    let wrong: Vec<String> = wrong.map(|(text, expected)| format!("{text:?}: {} for {expected}", told(text))).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn english_with_letters() {
    let cases = [
        // The last statement wins.
        ("Answer: B", "B cue"),
        ("answer is (c)", "C cue"),
        ("The answer is A.", "A cue"),
        ("The correct answer is **D**.", "D cue"),
        ("Answer: B ... no, the answer is C", "C cue"),
        ("The answer is B. Option C is wrong, option A is a guess, and D says nothing.", "B cue"),
        ("I choose option C.", "C cue"),
        ("My choice: (d)", "D cue"),
        ("**Answer:** B", "B cue"),
        ("### Answer\n\nB", "B cue"),
        ("Answer:\n\n**C) New York**", "C cue"),
        ("The final answer is $\\boxed{B}$.", "B boxed"),
        ("So \\boxed{\\text{D}}", "D boxed"),
        ("{\"answer\": \"B\", \"confidence\": 3}", "B cue"),
        ("```json\n{\n  \"answer_id\": \"c\"\n}\n```", "C cue"),
        ("<answer>A</answer>\nA good day to you.", "A cue"),
        ("The correct answer to this question, as the passage says, is B.", "B cue"),
        ("The answer is option number C, given the text.", "C cue"),
        ("B is the correct answer.", "B verdict"),
        ("(A) is correct because the passage says so.", "A verdict"),
        ("ANSWER: $B$", "B cue"),
        ("Answer - B", "B cue"),
        ("The answer is Rome.", "D cue-text"),
        ("Answer: New York, as the passage says", "C cue-text"),
        // Lines.
        ("B", "B line"),
        ("b.", "B line"),
        (" (B) \n", "B line"),
        ("The passage speaks of a river.\n\nD", "D line"),
        ("C\n\nThe passage speaks of a city in the west.", "C line"),
        ("> **A**", "A line"),
        ("B. London", "B head"),
        ("C) a town near the sea", "C head"),
        ("B, because the passage says so.", "B head"),
        ("A\nB\nC\nD", "unparsed"),
        ("Let us see each option:\n\n**A) Paris** no.\n**B) London** yes.\n**C) Bonn** no.\n\n**B** fits.", "unparsed"),
        ("**A)** no. **B)** yes. **C)** no. I go with **B**.", "B cue"),
        ("A: Paris\nB: London\nC: New York\nD: Rome", "unparsed"),
        // Mentions.
        ("It must be **B**, I think.", "B bold"),
        ("Of all these **C. New York** fits.", "C bold"),
        ("Option A is tempting, but option C fits better.", "C cue"),
        ("Option A is a river, option B a hill, option C a lake.", "unparsed"),
        ("Option A is incorrect. Option B fits.", "B cue"),
        ("Option B fits. Option A is not mentioned.", "B cue"),
        // Quotations.
        ("It was in london that they met.", "B quote"),
        ("They went from Paris to Rome.", "unparsed"),
        ("They never saw a Londoner.", "unparsed"),
        ("Not Paris but the other, ROME.", "D quote"),
        // What is taken back.
        ("The answer is not B.", "unparsed"),
        ("The answer is not B but C.", "C cue"),
        ("The answer is C, not B.", "C cue"),
        ("It isn't option B.", "unparsed"),
        ("The wrong answer is B.", "unparsed"),
        ("The answer cannot be A.", "unparsed"),
        ("Answer A is wrong.", "unparsed"),
        // Several at once.
        ("The answer is B or C.", "unparsed"),
        ("Answer: both A and C", "unparsed"),
        ("Answer: A/B", "unparsed"),
        ("Answer: B, C", "unparsed"),
        ("Answer: A, B, C or D", "unparsed"),
        ("Either Paris or Rome: the answer is A or D", "unparsed"),
        ("**B** or **C**", "unparsed"),
        ("{\"answer\": [\"B\", \"C\"]}", "unparsed"),
        ("The answer is not A, B, or C; it is D.", "D cue"),
        ("3 is the answer", "unparsed"),
        ("The answer is B and A is wrong.", "B cue"),
        ("I hesitate between B and C. Answer: C", "C cue"),
        // What is no label.
        ("The answer is a large city.", "unparsed"),
        ("Answer: A large city.", "unparsed"),
        ("A dog is a dog.", "unparsed"),
        ("Answer: N/A", "unparsed"),
        ("Answer: C++", "unparsed"),
        ("Answer: B12", "unparsed"),
        ("Answer: vitamin B-12", "unparsed"),
        ("Answer: A.D. 1990", "unparsed"),
        ("La réponse est : C'est difficile", "unparsed"),
        ("Answer: 2", "unparsed"),
        ("Answer: E", "unparsed"),
        ("Answer: AB", "unparsed"),
        ("The answer depends on who is asked.", "unparsed"),
        ("Answer:", "unparsed"),
        ("", "unparsed"),
        ("\u{200b}\n \n", "unparsed"),
        // Refusals.
        ("I'm sorry, but I cannot answer that.", "refused"),
        ("As an AI, I have no opinion.", "refused"),
        ("There is not enough information in the passage.", "refused"),
        ("I cannot be sure. Answer: B", "B cue"),
        // Forms of the letters.
        ("Answer: Ｂ", "B cue"),
        ("Answer: Ⓒ", "C cue"),
        ("Answer: 𝐃", "D cue"),
        ("Answer: 🅱\u{fe0f}", "B cue"),
        ("Answer:\u{a0}\u{200e}B\u{200f}", "B cue"),
        ("A\u{200b}n\u{200d}swer: \u{2067}D\u{2069}", "D cue"),
        ("Answer: ③", "C cue"),
    ];
    check(&LETTERS, &CITIES, Rules::Xlt, &cases);
}

#[test]
fn digits_of_all_scripts() {
    let cases = [
        ("3", "3 line"),
        ("Answer: 3.", "3 cue"),
        ("٣", "3 line"),
        ("۴", "4 line"),
        ("３", "3 line"),
        ("फिर भी २", "unparsed"),
        ("२", "2 line"),
        ("২", "2 line"),
        ("๓", "3 line"),
        ("፫", "3 line"),
        ("②", "2 line"),
        ("3\u{fe0f}\u{20e3}", "3 line"),
        ("ג", "3 line"),
        ("(ג')", "3 line"),
        ("ب", "2 line"),
        ("정답은 3번입니다.", "3 cue"),
        ("答えは3番です。", "3 cue"),
        ("答案是第3个", "3 cue"),
        ("答案：二。", "2 cue"),
        ("الإجابة الصحيحة هي ٣.", "3 cue"),
        ("الإجابة: \u{202b}(٢)\u{202c}", "2 cue"),
        ("گزینهٔ ۳", "3 cue"),
        ("پاسخ صحیح گزینهٔ ۴ است.", "4 cue"),
        ("התשובה היא 2", "2 cue"),
        ("ትክክለኛው መልስ ፪ ነው።", "2 cue"),
        ("मेरा उत्तर: ४", "4 cue"),
        ("3 is correct.", "3 verdict"),
        ("{\"answer\": 4}", "4 cue"),
        ("Options 1 and 2 are wrong, the answer is 4", "4 cue"),
        // Parts of numbers and quantities.
        ("Answer: 12", "unparsed"),
        ("1990", "unparsed"),
        ("The answer is 3.5", "unparsed"),
        ("The answer is 1,000", "unparsed"),
        ("Answer: -3", "unparsed"),
        ("Answer: $3", "unparsed"),
        ("Answer: $3$", "3 cue"),
        ("Answer: 3%", "unparsed"),
        ("Answer: 1-4", "unparsed"),
        ("Answer: 3:30", "unparsed"),
        ("Answer: 2/3", "unparsed"),
        ("答えは3年です。", "unparsed"),
        ("정답은 3명입니다.", "unparsed"),
        ("٣٫٥", "unparsed"),
        ("፲፪", "unparsed"),
        // A Latin letter is no number.
        ("Answer: B", "unparsed"),
    ];
    check(&DIGITS, &CITIES, Rules::Xlt, &cases);
    let people = ["1 person", "2 people", "3 people", "4 people"];
    check(
        &["1", "2", "3", "4"],
        &people,
        Rules::Xlt,
        &[("The answer is 3 people.", "3 cue-text"), ("4 people", "4 quote")],
    );
    check(
        &["0", "1", "2", "3"],
        &CITIES,
        Rules::Xlt,
        &[("Answer: 0", "0 cue"), ("Answer: ٢", "2 cue"), ("ב", "unparsed")],
    );
}

#[test]
fn letters_of_many_languages() {
    let cases = [
        // Arabic script: Arabic, Persian, Urdu.
        ("الإجابة الصحيحة هي (ب).", "B cue"),
        ("الاجابه: ج", "C cue"),
        ("والإِجَابَةُ الصَّحِيحَةُ هِيَ: أ", "A cue"),
        ("الجـــواب هو د", "D cue"),
        ("الإجابة هي B", "B cue"),
        ("الإجابة ليست ب", "unparsed"),
        ("الإجابة ليست ب بل ج", "C cue"),
        ("الإجابة هي أ أو ب", "unparsed"),
        ("الإجابة هي ب وج", "unparsed"),
        ("پاسخ درست گزینه «الف» است.", "A cue"),
        ("گزینه ب صحیح است", "B verdict"),
        ("صحیح جواب: د", "D cue"),
        ("عذرا، لا أستطيع الإجابة.", "refused"),
        // Hebrew.
        ("התשובה הנכונה היא ג'.", "C cue"),
        ("תשובה: ב׳", "B cue"),
        ("והתשובה היא (D)", "D cue"),
        ("התשובה אינה ב אלא ג", "C cue"),
        ("התשובה היא ב או ג", "unparsed"),
        ("אני לא יכול לענות.", "refused"),
        // Amharic.
        ("መልሱ ለ ነው።", "B cue"),
        ("መልስ፦ ሐ", "C cue"),
        ("ትክክለኛው መልስ D ነው።", "D cue"),
        ("ይቅርታ፣ መመለስ አልችልም።", "refused"),
        // Hindi, Bengali.
        ("सही उत्तर विकल्प B है।", "B cue"),
        ("उत्तर: (ख)", "B cue"),
        ("सही उत्तर स है", "C cue"),
        ("उत्तर का पता नहीं", "unparsed"),
        ("সঠিক উত্তর হলো গ", "C cue"),
        // Japanese, Chinese, Korean, Thai.
        ("答えはBです。", "B cue"),
        ("正解：イ", "B cue"),
        ("Cが正解です。", "C verdict"),
        ("答えはBではなくCです。", "C cue"),
        ("答えはBではありません。", "unparsed"),
        ("答えはアメリカです。", "unparsed"),
        ("申し訳ありませんが、お答えできません。", "refused"),
        ("正确答案是C。", "C cue"),
        ("故选：Ｄ", "D cue"),
        ("答案不是B，而是A。", "A cue"),
        ("选项B是正确的。", "B verdict"),
        ("答案：乙", "B cue"),
        ("정답은 나입니다.", "B cue"),
        ("정답: 다", "C cue"),
        ("정답은 B가 아니라 C입니다.", "C cue"),
        ("คำตอบคือ ข", "B cue"),
        ("คำตอบที่ถูกต้องคือข้อ ค.", "C cue"),
        // Latin script.
        ("La bonne réponse est l'option C.", "C cue"),
        ("RE\u{301}PONSE : B", "B cue"),
        ("Die richtige Antwort lautet: B.", "B cue"),
        ("Die Antwort ist nicht A, sondern D.", "D cue"),
        ("La respuesta correcta es la B.", "B cue"),
        ("La respuesta es a una pregunta.", "unparsed"),
        ("A resposta correta é a letra D.", "D cue"),
        ("DOĞRU CEVAP: C", "C cue"),
        ("Doğru yanıt B'dir.", "B cue"),
        ("Jibu ni B", "B cue"),
        ("Đáp án đúng là C.", "C cue"),
        ("Ìdáhùn: B", "B cue"),
        ("الإجابة: ب-لندن", "B cue"),
        ("Es tut mir leid, das weiß ich nicht.", "refused"),
        // Cyrillic, Greek.
        ("Правильный ответ: Б", "B cue"),
        ("Ответ — Г.", "D cue"),
        ("Ответ в тексте.", "unparsed"),
        ("Ответ не Б, а В.", "C cue"),
        ("Η σωστή απάντηση είναι η Γ.", "C cue"),
    ];
    check(&LETTERS, &CITIES, Rules::Xlt, &cases);
}

#[test]
fn labels_and_options_of_the_question_come_first() {
    let marathi = ["अ", "ब", "क", "ड"];
    check(&marathi, &CITIES, Rules::Xlt, &[("उत्तर: क", "क cue"), ("उत्तर: ख", "unparsed")]);
    check(&["(A)", "(B)"], &["yes", "no"], Rules::Xlt, &[("(B)", "(B) line"), ("Answer: a", "(A) cue")]);
    check(&["ก", "ข"], &["yes", "no"], Rules::Xlt, &[("ข", "ข line"), ("B", "ข line")]);
    let nested = ["red", "dark red", "dark"];
    check(
        &["A", "B", "C"],
        &nested,
        Rules::Xlt,
        &[("It was dark red.", "B quote"), ("red, then dark red", "unparsed")],
    );
    check(&["A", "B"], &["same", "same"], Rules::Xlt, &[("It is the same.", "unparsed")]);
    let arabic = ["القاهرة", "دمشق", "بغداد", "الرياض"];
    check(&DIGITS, &arabic, Rules::Xlt, &[("المدينة المذكورة هي دِمَشْق.", "2 quote"), ("الإجابة هي بغداد", "3 cue-text")]);
    let japanese = ["東京", "京都", "大阪", "奈良"];
    check(&DIGITS, &japanese, Rules::Xlt, &[("それは京都です。", "2 quote"), ("答えは大阪です。", "3 cue-text")]);
    check(&[], &[], Rules::Xlt, &[("Answer: A", "unparsed")]);
    check(&["", "-"], &["", ""], Rules::Xlt, &[("Answer: A", "unparsed")]);
}

#[test]
fn a_text_that_was_cut_off() {
    let told = |text, rules| told(&DIGITS, &ask(&DIGITS, &CITIES, text, true, rules));
    assert_eq!(told("The passage says that", Rules::Xlt), "truncated");
    assert_eq!(told("I'm sorry, but I", Rules::Xlt), "truncated");
    assert_eq!(told("2", Rules::Xlt), "2 line");
    // The number of a list, and a label.
    assert_eq!(told("1. First, the passage says", Rules::Xlt), "truncated");
    assert_eq!(told("3. New York is", Rules::Xlt), "3 head");
    assert_eq!(told("3. New", Rules::Xlt), "3 head");
    assert_eq!(told("The passage", Rules::Inspect), "truncated");
}

#[test]
fn rules_of_lm_eval() {
    let cases = [
        ("So the answer is (B).", "B lm-eval-strict"),
        ("The answer: c.", "C lm-eval-strict"),
        ("The answer is (B). Then the answer is (C).", "C lm-eval-flexible"),
        // The last character of the line is never read.
        ("The answer is B", "unparsed"),
        ("The answer is (B", "unparsed"),
        ("The answer is (B) since the passage says so.", "B lm-eval-flexible"),
        ("(A) is wrong, (B) is right", "B lm-eval-flexible"),
        ("(A) is wrong, (Z) is right", "unparsed"),
        ("From Paris to new-york to LONDON!", "B lm-eval-flexible"),
        ("Final: Because", "B lm-eval-flexible"),
        ("B", "unparsed"),
    ];
    check(&LETTERS, &CITIES, Rules::LmEval, &cases);
    check(&LETTERS, &["re", "red", "", "ed"], Rules::LmEval, &[("a red bed", "D lm-eval-flexible")]);
    check(&DIGITS, &CITIES, Rules::LmEval, &[("The answer is 2.", "2 lm-eval-strict"), ("(٢)", "unparsed")]);
}

#[test]
fn rules_of_inspect() {
    let cases = [
        ("ANSWER: B", "B inspect"),
        ("Let me think.\nanswer : c.\n", "C inspect"),
        ("ANSWER: A\nNo.\nANSWER: D", "D inspect"),
        ("ANSWER: A\nMy answer: D!", "A inspect"),
        ("The answer: D!", "D inspect"),
        ("ANSWER:\nB", "B inspect"),
        ("ANSWER: B because", "unparsed"),
        ("ANSWER: A, B", "unparsed"),
        ("ANSWER: A. Then ANSWER: **B**", "A inspect"),
        ("So ANSWER: A! Then ANSWER: **B**", "B inspect"),
        ("ANSWER: B ב", "B inspect"),
        ("ANSWER: None of the above", "unparsed"),
        ("B", "unparsed"),
        // Nothing but a space is captured; the first answer does not count.
        ("answer: A!\nANSWER: \n**", "unparsed"),
    ];
    check(&LETTERS, &CITIES, Rules::Inspect, &cases);
    let wrapped = [
        ("ANSWER: **B**", "B inspect"),
        ("**ANSWER: B**", "B inspect"),
        ("**Answer:** B", "unparsed"),
        ("ANSWER: ** b **.", "B inspect"),
        ("ANSWER: $B$", "B inspect"),
        ("ANSWER: $\\boxed{B}$", "unparsed"),
        ("ANSWER: $**B**$", "unparsed"),
        ("ANSWER: (B)", "B inspect"),
        ("ANSWER: (B).", "B inspect"),
        ("ANSWER: (B)\nIt is the capital.", "B inspect"),
        ("ANSWER: (B) London", "unparsed"),
        ("ANSWER: B) London", "B inspect"),
        ("ANSWER: **(B)**", "unparsed"),
        ("ANSWER: (**B**)", "B inspect"),
        ("ANSWER: B,", "B inspect"),
        ("ANSWER: ,B", "B inspect"),
        ("ANSWER: B ,", "unparsed"),
        ("(B)", "unparsed"),
    ];
    check(&LETTERS, &CITIES, Rules::Inspect, &wrapped);
    check(&DIGITS, &CITIES, Rules::Inspect, &[("ANSWER: 2", "2 inspect"), ("Answer: ٢", "unparsed")]);
}

#[test]
fn rules_of_belebele() {
    let cases = [
        ("B", "B belebele"),
        (" (C) New York", "C belebele"),
        ("The correct answer is (D).", "D belebele"),
        // Faults of the original.
        ("Because the passage says so", "B belebele"),
        ("Answer: C", "A belebele"),
        ("b", "unparsed"),
        ("I cannot answer.", "refused"),
        ("", "unparsed"),
    ];
    check(&LETTERS, &CITIES, Rules::Belebele, &cases);
}

#[test]
fn the_span_is_the_label_in_the_text() {
    let spans = [
        ("Answer: (B).", "B", Rules::Xlt),
        ("الإجابة هي \u{202b}«ج»\u{202c}", "ج", Rules::Xlt),
        ("答えは𝐂です", "𝐂", Rules::Xlt),
        ("Answer: Ｂ", "Ｂ", Rules::Xlt),
        ("It was New\u{a0}York!", "New\u{a0}York", Rules::Xlt),
        ("So the answer is (B).", "B", Rules::LmEval),
        ("It was new york!", "new york", Rules::LmEval),
        ("answer: c.", "c", Rules::Inspect),
        ("$A$ or $B$? ANSWER: **C**", "C", Rules::Inspect),
        ("ANSWER: (D)", "D", Rules::Inspect),
        ("The correct answer is (D)", "D", Rules::Belebele),
    ];
    for (text, label, rules) in spans {
        let found = ask(&LETTERS, &CITIES, text, false, rules);
        assert_eq!(found.span.map(|span| &text[span]), Some(label), "{text}");
    }
}

#[test]
fn words_are_kept() {
    for word in Rule::WORDS {
        let rule: Rule = serde_json::from_str(&format!("\"{word}\"")).expect("a word");
        assert_eq!(rule.word(), *word);
    }
    assert_eq!(Outcome::WORDS, ["parsed", "unparsed", "truncated", "refused"]);
    let written = |text| serde_json::to_string(&ask(&LETTERS, &CITIES, text, false, Rules::Xlt)).expect("json");
    assert_eq!(written("(B)"), r#"{"outcome":"parsed","option":1,"rule":"line","span":{"start":1,"end":2}}"#);
    assert_eq!(written("?"), r#"{"outcome":"unparsed"}"#);
    assert_eq!(serde_json::from_str(&written("?")).ok(), Some(ask(&LETTERS, &CITIES, "?", false, Rules::Xlt)));
}

#[test]
fn the_tables_are_in_order() {
    // A view spells the alphabets as they are, and no letter has two places.
    for (index, alphabet) in ALPHABETS.iter().enumerate() {
        assert_eq!(View::new(alphabet).text, *alphabet);
        let others = ALPHABETS[..index].concat();
        assert!(alphabet.chars().all(|c| !others.contains(c)), "{alphabet}");
    }
    assert!(words::is_unspaced(script('ก')) && !words::is_unspaced(script('ሀ')), "where scripts without spaces begin");
    assert_eq!(['7', '٧', '७', '７', 'x', '፯', '²'].map(digit), [Some(7), Some(7), Some(7), None, None, None, None]);
}

/// Minutes, if anything were read again from each of its places; each rule looks a bounded way around them instead.
#[test]
fn a_megabyte_is_read() {
    let hostile = [
        "*",
        "_ ",
        "answer: B or ",
        "option ",
        "B is correct ",
        "1",
        "1\n",
        "\n",
        "(",
        "New York ",
        "not ",
        ": ",
        "الإجابة ",
        "答",
    ];
    let texts = hostile.map(|part| part.repeat((1 << 16) / part.len()));
    for text in texts.iter().chain(&["answer is ".repeat(100_000)]) {
        for rules in [Rules::Xlt, Rules::LmEval, Rules::Inspect, Rules::Belebele] {
            let found = ask(&LETTERS, &CITIES, text, false, rules);
            assert_eq!(found.span.is_some(), found.outcome == Outcome::Parsed);
        }
    }
}

/// Texts of cues, labels, punctuation and anything.
fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("answer"),
        Just("The answer is"),
        Just("ANSWER:"),
        Just("option"),
        Just("\\boxed{"),
        Just("**"),
        Just("not"),
        Just("or"),
        Just("but"),
        Just("is correct"),
        Just("is wrong"),
        Just("A"),
        Just("b"),
        Just("3"),
        Just("٣"),
        Just("ג"),
        Just("الإجابة هي"),
        Just("أ"),
        Just("答えは"),
        Just("が正解"),
        Just("정답은"),
        Just("나"),
        Just("Paris"),
        Just("New York"),
        Just("("),
        Just(")"),
        Just("\n"),
        Just(" "),
        Just("."),
        Just("\u{200f}"),
        Just("e\u{301}"),
        Just("가\u{11a8}"),
        Just("ﷺ"),
    ];
    let any = prop_oneof![8 => word.prop_map(str::to_owned), 1 => ".{0,4}", 1 => "[\u{300}-\u{600}]{0,3}"];
    prop_oneof![proptest::collection::vec(any, 0..24).prop_map(|words| words.concat()), ".*"]
}

proptest! {
    #[test]
    fn what_is_found_is_there(text in texts(), truncated: bool, letters: bool) {
        let labels = if letters { LETTERS } else { DIGITS };
        for rules in [Rules::Xlt, Rules::LmEval, Rules::Inspect, Rules::Belebele] {
            let found = ask(&labels, &CITIES, &text, truncated, rules);
            let parsed = found.outcome == Outcome::Parsed;
            prop_assert_eq!((parsed, parsed, parsed), (found.option.is_some(), found.rule.is_some(), found.span.is_some()));
            prop_assert_eq!(truncated && !parsed, found.outcome == Outcome::Truncated);
            // The span, read for itself, says the same.
            if let Some(span) = found.span {
                let label = text.get(span);
                prop_assert!(label.is_some(), "on the bounds of characters");
                let again = ask(&labels, &CITIES, label.unwrap_or_default(), false, Rules::Xlt);
                prop_assert_eq!(again.option, found.option, "{:?} {:?}", label, found.rule);
            }
        }
    }
}

/// What is taught must be read as what was meant.
#[test]
fn a_written_answer_is_read_by_its_rules() {
    for rules in [Rules::Xlt, Rules::LmEval, Rules::Inspect, Rules::Belebele] {
        for labels in [LETTERS, DIGITS] {
            for (option, label) in labels.iter().enumerate() {
                let found = ask(&labels, &CITIES, &written(label, rules), false, rules);
                assert_eq!(found.option, Some(option), "{rules:?} {label}");
            }
        }
    }
}
