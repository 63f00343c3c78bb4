using XLLM.Grains.Interfaces.Replicas;
using XLLM.Silo.Execution;
using XLLM.Silo.Scheduling;

namespace XLLM.Simulator;

/// <summary>Executes steps and notes what each was and took. Called by the engine's executor thread; read when the engine is idle.</summary>
internal sealed class RecordingExecutor(IStepExecutor executor) : IStepExecutor
{
    private readonly StepTimePredictor _predictor = new();
    private readonly List<(StepShape Shape, double Seconds)> _steps = [];
    private readonly List<double> _errors = [];

    /// <summary>The fit of all steps so far.</summary>
    public StepTimeModel? Model => _predictor.Model;

    /// <summary>Steps since the last <see cref="Clear"/>.</summary>
    public int Steps => _steps.Count;

    /// <summary>Seconds of those.</summary>
    public double Seconds => _steps.Sum(step => step.Seconds);

    /// <inheritdoc/>
    public void Execute(StepPlan plan)
    {
        executor.Execute(plan);
        var shape = default(StepShape);
        for (var i = 0; i < plan.Grants.Count; i++)
        {
            shape = shape.With(plan.Grants[i].Start, plan.Grants[i].Tokens);
        }

        if (_predictor.Model is { } model)
        {
            _errors.Add(Math.Abs((model.Seconds(shape) / plan.Elapsed.TotalSeconds) - 1));
        }

        _predictor.Observe(shape, plan.Elapsed.TotalSeconds);
        _steps.Add((shape, plan.Elapsed.TotalSeconds));
    }

    /// <summary>Relative error, without sign, of each step since the last <see cref="Clear"/> as predicted when it began.</summary>
    public IReadOnlyList<double> Errors => _errors;

    /// <summary>A fit of the steps since the last <see cref="Clear"/> alone: what is left of its error is the model's, not that of a machine whose speed has changed.</summary>
    public StepTimeModel Refit()
    {
        var predictor = new StepTimePredictor();
        for (var round = 0; round < 8; round++)
        {
            foreach (var (shape, seconds) in _steps)
            {
                predictor.Observe(shape, seconds);
            }
        }

        return predictor.Model ?? throw new InvalidOperationException($"{_steps.Count} steps are too few");
    }

    /// <summary>Forgets the steps, not the fit.</summary>
    public void Clear()
    {
        _steps.Clear();
        _errors.Clear();
    }
}
