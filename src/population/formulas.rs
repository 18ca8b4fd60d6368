//! Covariates that are worked out from others by a published formula: `CRCL = { formula = "cockcroft-gault" }`.
//!
//! The formulas use the names and levels that pharmacometricians know: AGE, WT, HT, BMI, SCR, and SEXF with the level
//! `female`. They are checked as any expression is, so that SCR may be in mg/dL or mg/L, and HT in m or cm.

/// A published formula.
#[derive(Clone, Copy, Debug)]
pub(super) struct Formula {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) unit: &'static str,
    pub(super) source: &'static str,
}

pub(super) const FORMULAS: [Formula; 7] = [
    Formula {
        name: "cockcroft-gault",
        text: "(140 - AGE/1 y)*(WT/1 kg)/(72*(SCR/1 mg/dL))*(if SEXF == female then 0.85 else 1)*1 mL/min",
        unit: "mL/min",
        source: "Cockcroft & Gault 1976, Nephron 16:31-41",
    },
    Formula {
        name: "ckd-epi-2021",
        text: "142*min(SCR/1 mg/dL/(if SEXF == female then 0.7 else 0.9), 1)^(if SEXF == female then -0.241 else -0.302)*max(SCR/1 mg/dL/(if SEXF == female then 0.7 else 0.9), 1)^-1.2*0.9938^(AGE/1 y)*(if SEXF == female then 1.012 else 1)*1 mL/min/1.73 m^2",
        unit: "mL/min/1.73 m^2",
        source: "Inker et al. 2021, N Engl J Med 385:1737-1749, without race",
    },
    Formula { name: "body-mass-index", text: "WT/HT^2", unit: "kg/m^2", source: "definition" },
    Formula {
        name: "body-surface-mosteller",
        text: "sqrt((HT/1 cm)*(WT/1 kg)/3600)*1 m^2",
        unit: "m^2",
        source: "Mosteller 1987, N Engl J Med 317:1098",
    },
    Formula {
        name: "body-surface-du-bois",
        text: "0.007184*(WT/1 kg)^0.425*(HT/1 cm)^0.725*1 m^2",
        unit: "m^2",
        source: "Du Bois & Du Bois 1916, Arch Intern Med 17:863-871",
    },
    Formula {
        name: "ideal-body-weight",
        text: "((if SEXF == female then 45.5 else 50) + 2.3*(HT/2.54 cm - 60))*1 kg",
        unit: "kg",
        source: "Devine 1974, Drug Intell Clin Pharm 8:650-655",
    },
    Formula {
        name: "lean-body-weight",
        text: "9270*WT/((if SEXF == female then 8780 else 6680) + (if SEXF == female then 244 else 216)*(BMI/1 kg/m^2))",
        unit: "kg",
        source: "Janmahasatian et al. 2005, Clin Pharmacokinet 44:1051-1065",
    },
];

/// The formula of a name.
pub(super) fn named(name: &str) -> Option<&'static Formula> {
    FORMULAS.iter().find(|formula| formula.name == name)
}
