using CsCheck;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Tests.Replicas;

public sealed class StepShapeTests
{
    [Fact]
    public void AGrant_AddsItsRows_AndWhatTheyAttendTo() =>
        Gen.Select(Gen.Int[0, 300], Gen.Int[1, 60]).Array[1, 8].Sample(grants =>
        {
            var step = grants.Aggregate(default(StepShape), (shape, grant) => shape.With(grant.Item1, grant.Item2));

            // Row by row: the token at position p attends to p + 1 tokens.
            Assert.Equal(grants.Sum(grant => grant.Item2), step.Rows);
            Assert.Equal(grants.Length, step.Sequences);
            Assert.Equal(grants.Sum(grant => grant.Item1 + grant.Item2), step.ContextTokens);
            Assert.Equal(grants.Sum(grant => Enumerable.Range(grant.Item1, grant.Item2).Sum(position => position + 1)), step.AttendedTokens);
        });

    [Fact]
    public void TheModel_IsASumOfItsParts() =>
        Assert.Equal(1 + 20 + 300 + 4000 + 50_000, new StepTimeModel(1, 2, 3, 4, 5).Seconds(new StepShape(10, 100, 1000, 10_000)));
}
