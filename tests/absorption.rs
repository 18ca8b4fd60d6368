//! Absorption models that are not linear with constant coefficients run through a data set: Savic's transit chain,
//! Weibull and inverse-Gaussian absorption. References: classical Runge-Kutta with steps of 0.001 h in Python, the
//! equations written anew.

use std::fs;

use assert_cmd::Command;

const DATA: &str = "ID,TIME,EVID,AMT,CMT,DOSE
1,0,1,100,1,100
1,1,0,.,.,100
1,3,0,.,.,100
1,6,0,.,.,100
1,12,0,.,.,100
1,24,0,.,.,100
";

const DISPOSITION: &str = "CL = \"5 L/h\"\nV = \"50 L\"\n";

const OUTPUT: &str = "[outputs]\nCP = { value = \"central/V\", unit = \"mg/L\" }\n";

fn simulated(parameters: &str, equations: &str) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let model = format!(
        "[model]\ntitle = \"t\"\n[covariates]\nDOSE = {{ unit = \"mg\" }}\n[parameters]\n{DISPOSITION}{parameters}{equations}{OUTPUT}"
    );
    fs::write(folder.path().join("m.toml"), model).unwrap();
    fs::write(folder.path().join("d.csv"), DATA).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_exposim"))
        .current_dir(folder.path())
        .args(["simulate", "--model", "m.toml", "--data", "d.csv", "--rtol", "1e-9"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let place = text.lines().next().unwrap().split(',').position(|c| c == "CP").unwrap();
    text.lines().skip(1).map(|line| line.split(',').nth(place).unwrap().parse().unwrap()).collect()
}

fn agree(got: &[f64], expected: [f64; 5]) {
    assert_eq!(got.len(), 5);
    for (got, expected) in got.iter().zip(expected) {
        assert!((got / expected - 1.0).abs() < 1e-6, "{got} is not {expected}");
    }
}

#[test]
fn savic_transit() {
    let got = simulated(
        "KA = \"1 1/h\"\nKTR = \"3 1/h\"\nN = \"4.5\"\n",
        "[equations]
depot = \"DOSE*KTR*exp(N*log(max(KTR*tad, 1e-12)) - KTR*tad - lgamma(N + 1)) - KA*depot\"
central = \"KA*depot - CL/V*central\"
[doses]
depot = { F = \"0\" }
",
    );
    agree(
        &got,
        [
            0.046_588_703_153_250_68,
            1.137_305_981_268_554_9,
            1.418_594_357_485_454_3,
            0.806_387_218_209_651_6,
            0.242_917_409_314_494_9,
        ],
    );
}

#[test]
fn weibull_absorption() {
    let got = simulated(
        "A = \"2 h\"\nB = \"1.6\"\n",
        "[equations]
depot = \"-(B/A)*(max(tad, 0 h)/A)^(B - 1)*depot\"
central = \"(B/A)*(max(tad, 0 h)/A)^(B - 1)*depot - CL/V*central\"
",
    );
    agree(
        &got,
        [
            0.539_641_174_178_420_5,
            1.462_130_910_123_876_2,
            1.315_745_943_021_041_2,
            0.725_637_332_329_857_9,
            0.218_557_779_003_355_85,
        ],
    );
}

#[test]
fn inverse_gaussian_input() {
    let got = simulated(
        "MAT = \"3 h\"\nCV2 = \"0.5\"\n",
        "[equations]
central = \"DOSE*(if tad > 0 h then sqrt(MAT/(2*3.141592653589793*CV2*max(tad, 0.0001 h)^3))*exp(-(tad - MAT)^2/(2*CV2*MAT*max(tad, 0.0001 h))) else 0 1/h) - CL/V*central\"
[doses]
central = { F = \"0\" }
",
    );
    agree(
        &got,
        [
            0.158_750_320_795_127_52,
            1.113_442_698_930_604_3,
            1.303_035_562_747_875_4,
            0.819_693_154_660_504_9,
            0.251_407_208_961_539_84,
        ],
    );
}
