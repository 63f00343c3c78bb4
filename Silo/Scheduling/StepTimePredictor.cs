using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Silo.Scheduling;

/// <summary>Fits a <see cref="StepTimeModel"/> to the steps that it sees, while they come. Pure; not thread-safe; allocates nothing after its construction.</summary>
/// <remarks>
/// Least squares of relative errors with coefficients that are not negative, over exponentially forgotten steps, solved by cyclic coordinate descent from the last
/// solution (Franc, Hlavac and Navara 2005, "Sequential coordinate-wise algorithm for the non-negative least squares problem", CAIP). Relative, since a decode step
/// of 20 ms must not drown in the noise of a prefill step of 2 s; not negative, since a cost that rises when work is taken away would mislead every policy.
/// A step that took several times what was predicted (a page fault, a busy machine) counts less by the square of that.
/// </remarks>
internal sealed class StepTimePredictor
{
    /// <summary>Steps before a model is told.</summary>
    public const int LeastSteps = 16;

    private const int Features = 5;
    private const int Sweeps = 100;         // of one solution; the next goes on where it stopped
    private const int SolveEvery = 8;       // steps; one solution costs about 2 microseconds
    private const double Kept = 0.999;      // of the weight of earlier steps: about the last 1,000 count
    private const double Ridge = 1e-6;      // of each diagonal element: decides between features that never differed

    // Brings each feature to about 1, so that the sums are comparable: rows, sequences, context tokens and attended tokens of a middling step.
    private static readonly double[] Scale = [1, 1.0 / 128, 1.0 / 8, 1.0 / 8192, 1.0 / 262_144];

    private readonly double[] _products = new double[Features * Features];      // sum of weight * feature i * feature j
    private readonly double[] _targets = new double[Features];                  // sum of weight * feature i * seconds
    private readonly double[] _solution = new double[Features];
    private long _steps;

    /// <summary>The fit; null before <see cref="LeastSteps"/>.</summary>
    public StepTimeModel? Model { get; private set; }

    /// <summary>Takes a step in.</summary>
    /// <param name="step">What it computed.</param>
    /// <param name="seconds">What it took; ignored unless over 0.</param>
    public void Observe(in StepShape step, double seconds)
    {
        if (!(seconds > 0))
        {
            return;
        }

        Span<double> features = [1, step.Rows * Scale[1], step.Sequences * Scale[2], step.ContextTokens * Scale[3], step.AttendedTokens * Scale[4]];
        var weight = Weight(step, seconds);
        for (var i = 0; i < Features; i++)
        {
            _targets[i] = (_targets[i] * Kept) + (weight * features[i] * seconds);
            for (var j = 0; j < Features; j++)
            {
                ref var product = ref _products[(i * Features) + j];
                product = (product * Kept) + (weight * features[i] * features[j]);
            }
        }

        if (++_steps >= LeastSteps && (_steps - LeastSteps) % SolveEvery == 0)
        {
            Solve();
        }
    }

    private double Weight(in StepShape step, double seconds)
    {
        if (Model is not { } model)
        {
            return 1 / (seconds * seconds);
        }

        var predicted = Math.Max(model.Seconds(step), seconds / 100);
        var excess = Math.Max(1, seconds / (2 * predicted));
        return 1 / (predicted * predicted * excess * excess);
    }

    private void Solve()
    {
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            for (var i = 0; i < Features; i++)
            {
                var row = _products.AsSpan(i * Features, Features);
                var rest = _targets[i];
                for (var j = 0; j < Features; j++)
                {
                    rest -= j == i ? 0 : row[j] * _solution[j];
                }

                _solution[i] = row[i] > 0 ? Math.Max(0, rest / (row[i] * (1 + Ridge))) : 0;
            }
        }

        Model = new StepTimeModel(
            _solution[0], _solution[1] * Scale[1], _solution[2] * Scale[2], _solution[3] * Scale[3], _solution[4] * Scale[4]);
    }
}
