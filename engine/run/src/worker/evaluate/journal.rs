//! The units that are finished: what a killed evaluation goes on from.
//!
//! One line a unit, written at once and with its own checksum: a line that was cut by a crash is no line. The first says
//! which kernels computed and which units there are; a journal of others is begun anew.

use super::folder;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use xlt_core::answers::{self, Answer};
use xlt_core::key::Digest;

/// The journal of one evaluation.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    units: Vec<Option<Vec<Answer>>>,
}

impl Journal {
    /// Opens the journal in the stage's folder. `sizes`: questions of each unit.
    pub(super) fn open(partial: &Path, kernel_class: &str, sizes: &[usize]) -> Result<Self, String> {
        let path = partial.join("answers.journal");
        let wrong = |error: std::io::Error| folder::sentence(&path, &error);
        fs::create_dir_all(partial).map_err(wrong)?;
        let head = format!("xlt answers 1, {kernel_class}, units of {sizes:?}");
        let text = fs::read(&path).unwrap_or_default();
        let mut units = vec![None; sizes.len()];
        let mut whole = 0;
        for (number, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let Some(content) = checked(line) else { break };
            match number {
                0 if content == head => {}
                0 => break,
                _ => match unit(content, sizes) {
                    Some((unit, answers)) => units[unit] = Some(answers),
                    None => break,
                },
            }
            whole += line.len() as u64;
        }
        let mut file = File::options().create(true).append(true).open(&path).map_err(wrong)?;
        file.set_len(whole).map_err(wrong)?;
        if whole == 0 {
            file.write_all(&line(&head)).map_err(wrong)?;
        }
        Ok(Self { path, file, units })
    }

    /// Whether that unit is finished.
    pub(super) fn has(&self, unit: usize) -> bool {
        self.units[unit].is_some()
    }

    /// Notes the answers of a unit, in its order.
    pub(super) fn write(&mut self, unit: usize, answers: Vec<Answer>) -> Result<(), String> {
        let content = format!("{unit} {}", serde_json::json!(answers::write(&answers)));
        self.file.write_all(&line(&content)).map_err(|error| folder::sentence(&self.path, &error))?;
        self.units[unit] = Some(answers);
        Ok(())
    }

    /// All answers, unit after unit.
    pub(super) fn into_answers(self) -> impl Iterator<Item = Answer> {
        self.units.into_iter().flatten().flatten()
    }
}

fn line(content: &str) -> Vec<u8> {
    format!("{} {content}\n", Digest::of(content.as_bytes())).into_bytes()
}

/// The content of a whole line.
fn checked(line: &[u8]) -> Option<&str> {
    let (sum, content) = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
    (Digest::of(content.as_bytes()).to_string() == sum).then_some(content)
}

fn unit(content: &str, sizes: &[usize]) -> Option<(usize, Vec<Answer>)> {
    let (number, answers) = content.split_once(' ')?;
    let number: usize = number.parse().ok()?;
    let answers = answers::read(&serde_json::from_str::<String>(answers).ok()?).ok()?;
    (sizes.get(number) == Some(&answers.len())).then_some((number, answers))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops where the disk does not do as told")]
    use super::*;

    fn answer(key: &str) -> Answer {
        Answer {
            key: key.to_owned(),
            group: "p".to_owned(),
            language: "heb_Hebr".to_owned(),
            prediction: Some(0),
            predicted_label: Some("1".to_owned()),
            gold: 1,
            gold_label: "2".to_owned(),
            logprobs: vec![-0.5, -1.0],
            texts: None,
            answer_mass: Some(0.75),
            argmax_token: 3,
            argmax_text: "\n".to_owned(),
            n_tokens: 9,
            reasoning: None,
            generated: None,
            orders: Vec::new(),
        }
    }

    #[test]
    fn whole_units_survive_and_a_cut_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let open = |class: &str, sizes: &[usize]| Journal::open(folder.path(), class, sizes).unwrap();
        let mut journal = open("cpu", &[2, 1]);
        journal.write(0, vec![answer("a"), answer("b")]).unwrap();
        journal.write(1, vec![answer("c")]).unwrap();
        let path = folder.path().join("answers.journal");
        let whole = fs::read(&path).unwrap();
        let keys: Vec<String> = open("cpu", &[2, 1]).into_answers().map(|answer| answer.key).collect();
        assert_eq!(keys, ["a", "b", "c"]);

        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let mut cut = open("cpu", &[2, 1]);
        assert_eq!((cut.has(0), cut.has(1)), (true, false));
        cut.write(1, vec![answer("c")]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), whole, "it goes on where the last whole line ends");

        let mut flipped = whole.clone();
        flipped[whole.len() - 20] ^= 1;
        fs::write(&path, flipped).unwrap();
        assert!(!open("cpu", &[2, 1]).has(1), "a line is believed only with its checksum");
    }

    #[test]
    fn other_kernels_or_other_units_begin_anew() {
        let folder = tempfile::tempdir().unwrap();
        let open = |class: &str, sizes: &[usize]| Journal::open(folder.path(), class, sizes).unwrap();
        for (class, sizes) in [("cpu-avx512", &[1_usize, 1][..]), ("cpu-avx2", &[2])] {
            open("cpu-avx2", &[1, 1]).write(0, vec![answer("a")]).unwrap();
            assert!(open("cpu-avx2", &[1, 1]).has(0));
            assert!(!open(class, sizes).has(0), "{class} {sizes:?}");
        }
    }
}
