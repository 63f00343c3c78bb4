using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public void Gelu(Tensor x, GeluKind kind)
    {
        OpChecks.Gelu(x, kind);
        for (var r = 0; r < x.Rows; r++)
        {
            foreach (ref var value in Floats(x, r))
            {
                double a = value;
                value = (float)(kind switch
                {
                    GeluKind.Exact => a / 2 * ComplementOfErrorFunction(-a / Math.Sqrt(2)),
                    GeluKind.Tanh => a / 2 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (a + (0.044715 * a * a * a)))),
                    _ => a / (1 + Math.Exp(-1.702 * a)),
                });
            }
        }
    }

    /// <summary>erfc(x) = 1 - erf(x), without losing what is small where x is large.</summary>
    /// <remarks>Below 3 the series erf(x) = 2 / sqrt(pi) * exp(-x^2) * sum of 2^n x^(2n + 1) / (2n + 1)!!, whose terms have one sign; from there on the continued
    /// fraction exp(-x^2) / sqrt(pi) / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...)))). Source: Abramowitz and Stegun, 7.1.6 and 7.1.14.</remarks>
    private static double ComplementOfErrorFunction(double x)
    {
        if (x < 0)
        {
            return 2 - ComplementOfErrorFunction(-x);
        }

        if (x >= 3)
        {
            var fraction = x;
            for (var n = 60; n >= 1; n--)
            {
                fraction = x + (n / 2.0 / fraction);
            }

            return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction;
        }

        var (term, sum) = (x, x);
        for (var n = 1; n < 60; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return double.IsNaN(x) ? x : 1 - (2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum);
    }
}
