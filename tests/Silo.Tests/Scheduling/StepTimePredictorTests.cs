using CsCheck;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Silo.Scheduling;

namespace XLLM.Silo.Tests.Scheduling;

public sealed class StepTimePredictorTests
{
    [Fact]
    public void ItTellsNothing_BeforeItHasSeenEnough()
    {
        var predictor = new StepTimePredictor();
        for (var i = 0; i < StepTimePredictor.LeastSteps; i++)
        {
            Assert.Null(predictor.Model);
            predictor.Observe(Decode(4, 100), 0.01);
        }

        Assert.NotNull(predictor.Model);
    }

    [Fact]
    public void ItPredictsStepsOfEveryMix_WhenTheyFollowTheModel() =>
        Gen.Select(Gen.Double[1e-4, 0.05], Gen.Double[1e-6, 1e-3], Gen.Double[1e-9, 1e-6], Gen.Double[1e-10, 1e-7], Gen.Int[1, int.MaxValue]).Sample(
            (@fixed, row, context, attended, seed) =>
            {
                var truth = new StepTimeModel(@fixed, row, 0, context, attended);
                var predictor = new StepTimePredictor();
                var random = new Random(seed);
                for (var i = 0; i < 600; i++)
                {
                    var step = Mixed(random);
                    predictor.Observe(step, truth.Seconds(step));
                }

                var errors = Enumerable.Range(0, 100).Select(_ => Mixed(random)).Select(step => Math.Abs((predictor.Model!.Value.Seconds(step) / truth.Seconds(step)) - 1));
                Assert.True(errors.Average() < 0.03, $"mean error {errors.Average():P1} for {truth}");
            },
            iter: 50);

    [Fact]
    public void NoCoefficientIsNegative_WhateverItSees() =>
        Gen.Select(Gen.Double[1e-6, 10], Gen.Int[1, 512], Gen.Int[0, 10_000]).Array[20, 60].Sample(steps =>
        {
            var predictor = new StepTimePredictor();
            foreach (var (seconds, rows, start) in steps)
            {
                predictor.Observe(default(StepShape).With(start, rows), seconds);
            }

            var model = predictor.Model!.Value;
            Assert.All(
                new[] { model.Fixed, model.PerRow, model.PerSequence, model.PerContextToken, model.PerAttendedToken },
                coefficient => Assert.True(coefficient >= 0 && double.IsFinite(coefficient)));
        });

    [Fact]
    public void OneStepThatHangs_ChangesLittle()
    {
        var predictor = new StepTimePredictor();
        var random = new Random(2);
        var truth = new StepTimeModel(0.01, 1e-4, 0, 0, 0);
        for (var i = 0; i < 200; i++)
        {
            var step = Mixed(random);
            predictor.Observe(step, truth.Seconds(step));
        }

        predictor.Observe(Decode(8, 500), 5);       // four hundred times what was predicted
        for (var i = 0; i < 8; i++)
        {
            predictor.Observe(Decode(8, 500), truth.Seconds(Decode(8, 500)));
        }

        Assert.InRange(predictor.Model!.Value.Seconds(Decode(8, 500)), 0.01, 0.012);
    }

    [Fact]
    public void ItFollowsAMachine_ThatHasBecomeSlower()
    {
        var predictor = new StepTimePredictor();
        for (var i = 0; i < 5000; i++)
        {
            predictor.Observe(Decode(8, 500), i < 1000 ? 0.01 : 0.015);
        }

        Assert.InRange(predictor.Model!.Value.Seconds(Decode(8, 500)), 0.0145, 0.0155);
    }

    [Fact]
    public void AStepThatTookNoTime_IsIgnored()
    {
        var predictor = new StepTimePredictor();
        for (var i = 0; i < 100; i++)
        {
            predictor.Observe(Decode(8, 500), i % 2 == 0 ? 0 : double.NaN);
        }

        Assert.Null(predictor.Model);
    }

    [Fact]
    public void Observing_AllocatesNothing()
    {
        var predictor = new StepTimePredictor();
        predictor.Observe(Decode(8, 500), 0.01);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            predictor.Observe(Decode(8, 500), 0.01);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static StepShape Decode(int sequences, int context)
    {
        var step = default(StepShape);
        for (var i = 0; i < sequences; i++)
        {
            step = step.With(context, 1);
        }

        return step;
    }

    private static StepShape Mixed(Random random)
    {
        var step = Decode(random.Next(0, 33), random.Next(1, 4000));
        return random.Next(2) == 0 || step.Rows == 0 ? step.With(random.Next(0, 8000), random.Next(1, 512)) : step;
    }
}
