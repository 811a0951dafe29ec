use std::time::Instant; use std::path::Path;
use xlt_llama::*;
fn main(){
 let path=std::env::args().nth(1).unwrap();
 let b=Backend::start(|l| if l.contains("repack")||l.contains("buffer size")||l.contains("KV") {eprintln!("{l}")}).unwrap();
 println!("{} {}",build_info(),kernel_class());
 for use_mmap in [true,false,true] { let t=Instant::now(); let _m=Model::load(&b,Path::new(&path),&LoadOptions{use_mmap,..Default::default()}).unwrap(); println!("load mmap={use_mmap} {:?}",t.elapsed()); }
 let m=Model::load(&b,Path::new(&path),&LoadOptions::default()).unwrap();
 println!("{:?} {} vocab {} ctx {} bos {:?} eos {:?} add {}",m.name(),m.architecture(),m.vocab_size(),m.train_context(),m.bos_text(),m.eos_text(),m.add_bos());
 println!("{}",m.chat_template().unwrap_or_default());
 let ask=|q:&str,opts:[&str;4]| { let mut s=format!("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\n"); s+=q; s+="\n"; for (l,o) in "ABCD".chars().zip(opts){ s+=&format!("{l}. {o}\n"); } s+="Answer with the letter only.<|im_end|>\n<|im_start|>assistant\n"; s };
 let o=ContextOptions{n_ctx:2048,n_batch:512,threads:2};
 let t=Instant::now(); let mut c=Context::new(&m,&o).unwrap(); println!("context {:?}",t.elapsed());
 for (q,opts) in [("What is the capital of France?",["Paris","London","Rome","Berlin"]),("Which is a fruit?",["chair","apple","stone","car"]),("2+2=?",["3","5","4","9"])] {
  let toks=m.tokenize(&ask(q,opts),true).unwrap();
  let l=c.logits_after(&toks).unwrap();
  let mx=l.iter().cloned().fold(f32::MIN,f32::max) as f64; let z=l.iter().map(|x|(*x as f64-mx).exp()).sum::<f64>().ln()+mx;
  let arg=(0..l.len()).max_by(|a,b|l[*a].total_cmp(&l[*b])).unwrap();
  let mut mass=0.0; print!("{q} ");
  for lab in ["A","B","C","D"]{ let t=m.tokenize(lab,false).unwrap(); assert_eq!(t.len(),1); let lp=l[t[0].index()] as f64-z; mass+=lp.exp(); print!("{lab} {lp:.3} "); }
  println!("mass {mass:.4} argmax {:?} tokens {}",m.token_text(m.token(arg as u32).unwrap()),toks.len());
 }
 // speed and thread identity
 let long=m.tokenize(&"The quick brown fox jumps over the lazy dog while seven wizards brew a potion of ink. ".repeat(60),true).unwrap();
 let mut all=vec![];
 for n in [100usize,512,1000] { for (th,nc) in [(1u32,2048u32),(2,2048),(3,2048),(2,1024),(2,4096)] { let mut c=Context::new(&m,&ContextOptions{threads:th,n_ctx:nc,..o}).unwrap(); let t=Instant::now(); let l:Vec<u32>=c.logits_after(&long[..n]).unwrap().iter().map(|x|x.to_bits()).collect(); let e=t.elapsed(); 
   println!("n {n} threads {th} n_ctx {nc}: {:?} {:.1} tok/s",e,n as f64/e.as_secs_f64()); all.push((n,l)); } }
 for n in [100,512,1000]{ let v:Vec<_>=all.iter().filter(|x|x.0==n).collect(); println!("identical at {n}: {}",v.iter().all(|x|x.1==v[0].1)); }
 let l64:Vec<f32>=Context::new(&m,&ContextOptions{n_batch:64,..o}).unwrap().logits_after(&long[..1000]).unwrap().to_vec();
 let l512:Vec<f32>=Context::new(&m,&o).unwrap().logits_after(&long[..1000]).unwrap().to_vec();
 println!("max diff n_batch 64 vs 512: {}", l64.iter().zip(&l512).map(|(a,b)|(a-b).abs()).fold(0f32,f32::max));
}
