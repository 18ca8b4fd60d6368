"""Weighted least squares of arm means on the mean exposure: reference values for src/evidence/arm_means.rs. Needs numpy."""
import numpy as np

n = np.array([212, 211, 218.0])
y = np.array([-0.7, -3.6, -5.5])
sd = np.array([7.44, 9.45, 10.78])
# Mean of a log-normal law with the given median and CV 0.378, in units of 10 ng/mL.
x = np.array([0, 15.44, 30.89]) / 10 * np.sqrt(1 + 0.378**2)
x[0] = 0
w = n / sd**2
X = np.column_stack([np.ones(3), x])
V = np.linalg.inv(X.T @ (w[:, None] * X))
b = V @ X.T @ (w * y)
se = np.sqrt(np.diag(V))
print(*np.round([*b, *se, V[0, 1] / se[0] / se[1], (w * (y - X @ b) ** 2).sum()], 7))
